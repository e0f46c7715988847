alert-works = { $device } 正常工作
alert-plain = 报警
alert-more = 更多
alert-again = 再次：{ $what }

alert-pictures = { $count ->
    [1] 图片
   *[other] { $count } 张图片
}
alert-videos = { $count ->
    [1] 视频
   *[other] { $count } 段视频
}
alert-files = { $count ->
    [1] 文件
   *[other] { $count } 个文件
}
alert-more-pictures = 另有 { $count } 张图片
alert-more-videos = 另有 { $count } 段视频
alert-more-files = 另有 { $count } 个文件
alert-video-length = 视频 { $length }
alert-video-alone = 视频，{ $length }

alert-test-with-picture = 测试已收到，并带有图片。
alert-test-without-picture = 测试没有图片。如果该设备是摄像机，请在其邮件设置中启用附件。
alert-test-text = 警报显示为此样式，之后的警报会发送到这里。

alert-left-out-linked = 另有 { $count } 条：{ $link }
alert-left-out = 另有 { $count } 条，保存在 Tipoff 中

alert-file = { $name }（{ $size }）：{ $why }：{ $place }
alert-file-linked = 打开 { $link }
alert-file-kept = 保存在 Tipoff 中
alert-file-too-big = 超过 { $service } 的限制（{ $limit }）
alert-file-empty = { $name }：空文件
alert-file-incomplete = { $name }：录像不完整或已损坏，可能无法播放
alert-torn = 连接提前中断：内容可能不完整。

alert-late-minutes = { $time }，延迟 { $count } 分钟
alert-late-hours = { $time }，延迟 { $count } 小时
alert-late-days = { $time }，延迟 { $count } 天
alert-late-day = { $day } { $time }

alert-summary = 自 { $time } 起另有 { $count } 条，已保存，不再逐条发送。

report-title = 报告
report-since = 自{ $weekday } { $time } 起共 { $count } 个事件
report-event = { $event }：{ $count }
report-other = 其他
report-at = 时间：{ $time }
report-first-and-last = 首次 { $first }，末次 { $last }

inactive-minutes = { $device } 已 { $count } 分钟未发送任何内容
inactive-hours = { $device } 已 { $count } 小时未发送任何内容
inactive-days = { $device } 已 { $count } 天未发送任何内容

button-open = 打开
button-mute-minutes = { $count } 分钟
button-mute-hours = { $count } 小时
button-mute-morning = 到早上
button-dismiss = 不重要
button-lock = 保留
