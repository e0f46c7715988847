setup-password = 设置密码
setup-password-why = 知道此密码的人可以看到您的摄像机发送的内容。
setup-password-field = 密码，至少 8 个字符
setup-save = 保存

setup-of = 设置 { $name }
setup-open-device = 打开设备
setup-by-tipoff = 让 Tipoff 设置摄像机
setup-by-tipoff-which = Dahua、Hikvision、Reolink 及其代工产品
setup-vendor = 厂商
setup-vendor-other = 其他
setup-by = 警报方式
setup-by-mail = 邮件（图片）
setup-by-ftp = FTP（图片和视频）
setup-by-alarm = 报警服务器或 Webhook（HTTP）
setup-show = 显示
setup-settings = 摄像机设置
setup-menu = 页面：<strong class="said" lang="en">{ $menu }</strong>
setup-field = 字段
setup-value = 值
setup-copied = 已复制
setup-copy-field = 复制 { $field }
setup-copy = 复制
setup-not-listening = （未监听）
setup-no-address = （这台机器尚未连接网络；请重新加载此页面）
setup-password-hidden = （只在首次接收前显示；可在设备页面生成新密码）
setup-only-port = 此摄像机只支持端口 { $port }：请在配置文件中将其设为 `listen`。
setup-test = 测试
setup-works = <strong>设置成功。</strong>首次接收：{ $time }。<a href="incidents/{ $incident }">打开事件</a>。
setup-lacks-channel = 目前警报只在此处显示：<a href="channels/add">添加渠道</a>。
setup-waiting = <strong>正在等待摄像机的测试……</strong>请在摄像机的页面上按“Test”（测试）。收到测试后，此面板变为绿色。
setup-sessions = 此摄像机和未知设备最近的会话：
setup-check = 没有收到摄像机的内容？
setup-check-save = 请先在摄像机的页面上保存设置，再按“Test”（测试）。有些摄像机测试的是上次保存的设置。
setup-check-address = 摄像机必须使用地址 <code>{ $host }</code>，而不是名称。
setup-check-other = <strong id="other-address">您是通过另一个地址 { $opened } 打开此页面的。</strong>如果没有收到内容，请在摄像机中填写 { $opened }：Tipoff 在容器中运行时，它自己知道的地址不是摄像机能连接的地址。
setup-check-network = 摄像机和这台机器必须在同一网络中。访客网络和“客户端隔离”会使设备彼此隔开。
setup-check-firewall = 这台机器的防火墙必须放行端口 { $ports }，FTP 还需要 <code>passive_ports</code>。<code>tipoff doctor</code> 会显示它在这台机器上发现的问题。
setup-check-phone = 请用摄像机所在网络中的手机打开 <a href="{ $url }" class="long">{ $url }</a>。页面应显示“{ $words }”。否则该网络中的摄像机都无法连接 Tipoff。
setup-qr-code = { $url } 的二维码
setup-port-mail = { $port }（邮件）
setup-port-uploads = { $port }（上传）
setup-ports-both = { $mail }和 { $uploads }

setup-camera-of = 设置 { $name } 的摄像机
setup-by-hand = 手动设置
setup-camera-how = Tipoff 将自己的地址写入摄像机，并会先显示要更改的内容。适用于 Dahua、Hikvision 和 Reolink 的摄像机及其代工产品。
setup-search = 搜索网络中的摄像机
setup-camera-address = 摄像机地址
setup-camera-user = 摄像机用户
setup-camera-password = 摄像机密码
setup-camera-rights = 该用户必须有权更改设置。密码只尝试一次。
setup-keep-login = 保留此登录信息，用于在每次报警时获取图片
setup-show-changes = 显示更改内容
setup-changes = 更改内容
setup-view = 摄像机当前画面
setup-nothing-to-change = 所有设置均已就绪。
setup-setting = 设置
setup-now = 当前
setup-new = 新
setup-write = 写入摄像机
setup-camera-waiting = <strong>正在等待摄像机……</strong>收到它的测试或首次报警后，此面板变为绿色。
setup-login-kept = 摄像机的登录信息已保留，用于获取图片。它不会显示出来。
setup-forget-login = 删除登录信息

setup-nothing-came = 一分钟内没有任何设备连接。请逐项检查下面的列表。
setup-other-login = 接收的内容被归入 { $name }，因为登录用户是 { $login }。请在摄像机的页面上填写用户 { $user } 及其密码。
setup-other-no-login = 接收的内容被归入 { $name }，因为没有登录。请在摄像机的页面上填写用户 { $user } 及其密码。
setup-no-command-mail = 有设备连接了邮件端口，但没有发送任何内容就断开了。如果是这台摄像机，请在它的页面上选择另一种加密方式：“无”，或名为 SSL 或 TLS 的方式。
setup-no-command-uploads = 有设备连接了上传端口，但没有发送任何内容就断开了。如果是这台摄像机，请在它的页面上选择另一种加密方式：“无”，或名为 SSL 或 TLS 的方式。
setup-no-command-alarms = 有设备连接了报警端口，但没有发送任何内容就断开了。如果是这台摄像机，请在它的页面上选择另一种加密方式：“无”，或名为 SSL 或 TLS 的方式。
setup-no-mail = 摄像机打了招呼，但没有发送邮件就断开了。请在它的页面上填写发件人和收件人并保存。有些摄像机的这个按钮只测试连接：请触发一次真实报警，例如从摄像机前走过。
setup-hung-up = 摄像机在问候之后、发送邮件之前断开了连接。请在它的页面上关闭加密和身份验证；如果已经关闭，则打开。如果仍无效，请设置一个功能较少的监听（在 `[smtp]` 的 `listen` 中设 `ehlo = false` 或 `auth = false`）。
setup-no-upload = 摄像机通过 FTP 连接，但没有上传文件就断开了。有些摄像机的这个按钮只测试登录：请触发一次真实报警，例如从摄像机前走过，并检查图片上传是否已打开。
setup-no-picture = 邮件没有图片。请在摄像机中打开附加图片（“attach picture”“snapshot”“image attachment”）。
setup-empty-file = 摄像机上传了一个空文件，它会被保存，但不会发出警报。有些摄像机的按钮只做到这一步：请触发一次真实报警。如果文件仍为空，请在摄像机中切换被动和主动 FTP，并让 `[ftp]` 的 `passive_ports` 通过防火墙。
setup-torn = 连接在内容全部到达之前中断；已到达的内容已保存。请检查摄像机的网络，尤其是无线连接，然后再按一次“Test”（测试）。
setup-not-proven = 收到的内容已归入此设备，但没有使用它的密码。请在摄像机的页面上填写用户 { $user } 及其密码。
