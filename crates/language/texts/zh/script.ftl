script-copy-yourself = 请选中并复制
script-download = 下载 { $name }
script-converting = 正在为您的浏览器转换此视频……
script-not-played = 您的浏览器无法播放此视频。
script-not-converted = 无法转换此视频。
script-routes-changed = 规则已被他人更改：请重新加载页面。
script-choose-channel = 请选择一个渠道。
script-see-fields = 请查看标记的字段。
