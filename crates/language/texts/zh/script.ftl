script-copy-yourself = 请选中并复制
script-download = 下载 { $name }
script-converting = 正在为您的浏览器转换此视频……
script-not-played = 您的浏览器无法播放此视频。
script-not-converted = 无法转换此视频。
script-removing = 已删除的事件：{ $count }
