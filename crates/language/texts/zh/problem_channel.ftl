problem-channel-unreadable = 无法读取先前添加的渠道；请参阅 docs/channels.md
problem-channel-name-in-file = 配置文件中有同名渠道
problem-channel-name-taken = 另一个渠道已使用此名称
problem-channel-changed = 渠道已被更改：请重新加载页面
problem-channel-name-form = 1 到 60 个字符，不含不可见字符或改变文字方向的字符
problem-channel-moved = `{ $key }` 已更改：请重新输入此项
problem-channel-nothing = 其中没有 [[channel]]、[[route]]、[[schedule]] 或 [[mode]]
problem-channel-no-answer = 一分钟内没有响应
