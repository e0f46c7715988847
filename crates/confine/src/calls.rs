//! The system calls that a video tool cannot make: seccomp(2). The list contains what no decoder needs. A call that
//! is not in it is allowed, so that a future C library still works.

use std::collections::BTreeMap;
use std::env::consts::ARCH;

use libc::c_long;
use seccompiler::{
    SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    TargetArch, apply_filter,
};

/// Calls of the x32 mode of x86-64 processors have the same numbers and this bit.
const X32_BIT: i64 = 0x4000_0000;

/// Never: each of them reaches other processes, the network, the machine, or files by more than reading
/// and writing them, which landlock does not see (access rights, owners, times, attributes).
const NEVER: &[c_long] = &[
    // Network, and what makes calls without the kernel's being asked.
    libc::SYS_socket,
    libc::SYS_socketpair,
    libc::SYS_connect,
    libc::SYS_bind,
    libc::SYS_listen,
    libc::SYS_accept,
    libc::SYS_accept4,
    libc::SYS_sendmsg,
    libc::SYS_sendmmsg,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    // Other processes.
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_process_madvise,
    libc::SYS_process_mrelease,
    libc::SYS_pidfd_open,
    libc::SYS_pidfd_getfd,
    libc::SYS_pidfd_send_signal,
    libc::SYS_kcmp,
    libc::SYS_tkill,
    libc::SYS_rt_sigqueueinfo,
    libc::SYS_rt_tgsigqueueinfo,
    libc::SYS_setpriority,
    libc::SYS_ioprio_set,
    libc::SYS_sched_setaffinity,
    libc::SYS_sched_setattr,
    libc::SYS_sched_setparam,
    libc::SYS_sched_setscheduler,
    libc::SYS_migrate_pages,
    libc::SYS_move_pages,
    // Memory that no limit of a process counts.
    libc::SYS_memfd_create,
    libc::SYS_memfd_secret,
    // What others do with files.
    libc::SYS_inotify_init1,
    libc::SYS_inotify_add_watch,
    libc::SYS_fanotify_init,
    // Memory that outlives it.
    libc::SYS_shmget,
    libc::SYS_semget,
    libc::SYS_msgget,
    libc::SYS_mq_open,
    // Files by more than their bytes.
    libc::SYS_fchmod,
    libc::SYS_fchmodat,
    libc::SYS_fchown,
    libc::SYS_fchownat,
    libc::SYS_utimensat,
    libc::SYS_setxattr,
    libc::SYS_lsetxattr,
    libc::SYS_fsetxattr,
    libc::SYS_removexattr,
    libc::SYS_lremovexattr,
    libc::SYS_fremovexattr,
    libc::SYS_truncate,
    libc::SYS_mknodat,
    libc::SYS_mkdirat,
    libc::SYS_linkat,
    libc::SYS_symlinkat,
    libc::SYS_unlinkat,
    libc::SYS_renameat2,
    libc::SYS_name_to_handle_at,
    libc::SYS_open_by_handle_at,
    libc::SYS_fanotify_init,
    // The machine, and rights on it.
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_open_tree,
    libc::SYS_move_mount,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_mount_setattr,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_kexec_load,
    libc::SYS_reboot,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_acct,
    libc::SYS_quotactl,
    libc::SYS_syslog,
    libc::SYS_personality,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_clock_adjtime,
    libc::SYS_adjtimex,
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
    libc::SYS_vhangup,
];

/// The older forms of some of them, which newer processors do without.
#[cfg(target_arch = "x86_64")]
const NEVER_OLD: &[c_long] = &[
    libc::SYS_fork,
    libc::SYS_vfork,
    libc::SYS_chmod,
    libc::SYS_chown,
    libc::SYS_lchown,
    libc::SYS_utime,
    libc::SYS_utimes,
    libc::SYS_futimesat,
    libc::SYS_mknod,
    libc::SYS_mkdir,
    libc::SYS_rmdir,
    libc::SYS_link,
    libc::SYS_symlink,
    libc::SYS_unlink,
    libc::SYS_rename,
    libc::SYS_renameat,
    libc::SYS_kexec_file_load,
    libc::SYS_iopl,
    libc::SYS_ioperm,
    libc::SYS_modify_ldt,
];
#[cfg(not(target_arch = "x86_64"))]
const NEVER_OLD: &[c_long] = &[];

/// Type of a socket without its flags (`SOCK_TYPE_MASK` of the kernel).
const SOCKET_TYPE_MASK: u64 = 0xf;

/// Restricts this process, for good; whether the kernel does so. Where it `connects`, it may open TCP connections.
pub(crate) fn restrict(connects: bool) -> bool {
    let Ok(arch) = TargetArch::try_from(ARCH) else { return false };
    let Some(rules) = rules(std::process::id(), connects) else { return false };
    // The C library tries the older call, whose flags can be looked at, where this one is missing.
    let missing = BTreeMap::from([(libc::SYS_clone3, Vec::new())]);
    apply(missing, libc::ENOSYS, arch) && apply(rules, libc::EPERM, arch)
}

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

fn apply(rules: Rules, error: i32, arch: TargetArch) -> bool {
    let refused = SeccompAction::Errno(error.unsigned_abs());
    let mut all = rules.clone();
    if arch == TargetArch::x86_64 {
        all.extend(rules.into_iter().map(|(call, rules)| (call | X32_BIT, rules)));
    }
    let filter = SeccompFilter::new(all, SeccompAction::Allow, refused, arch).ok();
    let program: Option<seccompiler::BpfProgram> = filter.and_then(|filter| filter.try_into().ok());
    program.is_some_and(|program| apply_filter(&program).is_ok())
}

/// What is refused to the process of this number.
fn rules(own: u32, connects: bool) -> Option<Rules> {
    let refused_where = |length, operator, value| {
        let condition = SeccompCondition::new(0, length, operator, value).ok()?;
        Some(vec![SeccompRule::new(vec![condition]).ok()?])
    };
    let other_than =
        |value: u32| refused_where(SeccompCmpArgLen::Dword, SeccompCmpOp::Ne, u64::from(value));
    // Threads are made by it as well.
    let thread = u64::from(libc::CLONE_THREAD.unsigned_abs());
    let no_thread = refused_where(SeccompCmpArgLen::Qword, SeccompCmpOp::MaskedEq(thread), 0)?;
    let mut rules: Rules = NEVER.iter().chain(NEVER_OLD).map(|call| (*call, Vec::new())).collect();
    rules.insert(libc::SYS_clone, no_thread);
    // It may end itself, as abort(3) does, and nobody else.
    rules.insert(libc::SYS_kill, other_than(own)?);
    rules.insert(libc::SYS_tgkill, other_than(own)?);
    // Its own limits are those of process 0.
    rules.insert(libc::SYS_prlimit64, other_than(0)?);
    if connects {
        rules.remove(&libc::SYS_connect);
        rules.insert(libc::SYS_socket, sockets_but_tcp()?);
    }
    Some(rules)
}

/// Refuses all sockets but streams of IPv4 and IPv6.
fn sockets_but_tcp() -> Option<Vec<SeccompRule>> {
    let condition = |argument, operator, value| {
        SeccompCondition::new(argument, SeccompCmpArgLen::Dword, operator, value).ok()
    };
    let family = |family: i32| condition(0, SeccompCmpOp::Ne, u64::from(family.unsigned_abs()));
    let protocol = |number: i32| condition(2, SeccompCmpOp::Ne, u64::from(number.unsigned_abs()));
    let stream = u64::from(libc::SOCK_STREAM.unsigned_abs());
    let other_family = SeccompRule::new(vec![family(libc::AF_INET)?, family(libc::AF_INET6)?]).ok();
    // MPTCP and SCTP have streams that landlock does not see.
    let other_protocol = SeccompRule::new(vec![protocol(0)?, protocol(libc::IPPROTO_TCP)?]).ok();
    let other_type = |kind| {
        SeccompRule::new(vec![condition(1, SeccompCmpOp::MaskedEq(SOCKET_TYPE_MASK), kind)?]).ok()
    };
    let other_types = (0..=SOCKET_TYPE_MASK).filter(|kind| *kind != stream).map(other_type);
    [other_family, other_protocol].into_iter().chain(other_types).collect()
}
