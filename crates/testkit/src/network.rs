//! Machines of a test: each has a network namespace with addresses of its own, and all are connected to one switch.
//! Links are cut in one direction or both, unplugged, or slow. Needs root, ip(8), tc(8) and nft(8).
//!
//! A process belongs to the machine on which it was started ([`Host::run`]); files and processes are those of the
//! real machine. The switch is a bridge in a namespace of its own: nothing here can be seen from outside, and nothing
//! outside is changed. The namespaces are named `tipoff-PID-…`.

mod namespace;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::io::{self, BufRead, BufReader};
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use self::namespace::{Namespace, run};
use crate::at_end::AtEnd;
use crate::standin::lock;

/// The bridge of the switch.
const BRIDGE: &str = "switch";
/// The interface of a host.
const INTERFACE: &str = "eth0";
/// Before the name of the port of a host, where a process carries the frames between two: the end at the bridge.
const CARRIED: &str = "to-";
/// Rules of the switch. A pair of addresses in the set is a cut: nothing gets from the first to the second.
const RULES: &str = "table bridge switch {
  set cut { type ipv4_addr . ipv4_addr; }
  chain forward {
    type filter hook forward priority 0; policy accept;
    ip saddr . ip daddr @cut drop
  }
}";
/// Carries frames late and loses some.
const SLOW_LINK: &str = include_str!("network/slow_link.py");
/// Kills what runs in the namespaces whose name begins with `$1`, and removes them.
const CLEANUP: &str = r#"
for name in $(ip netns list | cut -d' ' -f1); do
  case "$name" in
    "$1"*)
      for process in $(ip netns pids "$name"); do kill -9 "$process"; done
      ip netns delete "$name"
      ;;
  esac
done
"#;

/// A switch. Its hosts end with it, also if the test process is killed.
pub struct Network {
    switch: Arc<Switch>,
    hosts: Mutex<BTreeSet<Ipv4Addr>>,
    prefix: String,
    /// Dropped last.
    _cleanup: AtEnd,
}

struct Switch {
    namespace: Namespace,
    /// Whether the kernel can delay packets by itself.
    has_netem: bool,
}

/// A machine that is connected to the switch.
#[derive(Clone)]
pub struct Host(Arc<HostParts>);

struct HostParts {
    /// Also the name of its port on the switch.
    name: String,
    namespace: Namespace,
    addresses: Vec<Ipv4Addr>,
    switch: Arc<Switch>,
    /// Carries the frames of a slow link, where there is no netem.
    carrier: Mutex<Option<Child>>,
}

impl Network {
    /// A switch without hosts. First removes what killed tests have left.
    ///
    /// # Errors
    /// The reason why there can be no network namespaces here: not root, or a program or an ability of the kernel is
    /// missing.
    pub fn open() -> io::Result<Self> {
        static OPENED: AtomicUsize = AtomicUsize::new(0);
        remove_leftovers()?;
        let number = OPENED.fetch_add(1, Ordering::Relaxed);
        let prefix = format!("tipoff-{}-{number}-", std::process::id());
        let cleanup = AtEnd::run(CLEANUP, &[&prefix])?;
        let namespace = Namespace::new(&format!("{prefix}{BRIDGE}"))?;
        namespace.ip(&["link", "add", BRIDGE, "type", "bridge"])?;
        namespace.ip(&["link", "set", BRIDGE, "up"])?;
        namespace.command("nft").and_then(|mut nft| run(nft.arg(RULES)))?;
        let probe = ["qdisc", "add", "dev", BRIDGE, "root", "netem", "delay", "1ms"];
        let has_netem = namespace.tc(&probe).is_ok();
        if has_netem {
            namespace.tc(&["qdisc", "delete", "dev", BRIDGE, "root"])?;
        }
        let switch = Arc::new(Switch { namespace, has_netem });
        Ok(Self { switch, hosts: Mutex::default(), prefix, _cleanup: cleanup })
    }

    /// Connects a host with these addresses in a network of 256, the first of which cuts are about. The name has up to
    /// 12 characters.
    pub fn add(&self, name: &str, addresses: &[Ipv4Addr]) -> io::Result<Host> {
        let namespace = Namespace::new(&format!("{}{name}", self.prefix))?;
        let inside = ["link", "add", INTERFACE, "type", "veth", "peer", "name", name, "netns"];
        namespace.ip(&[&inside[..], &[self.switch.namespace.name()]].concat())?;
        namespace.ip(&["link", "set", "lo", "up"])?;
        for address in addresses {
            namespace.ip(&["address", "add", &format!("{address}/24"), "dev", INTERFACE])?;
        }
        namespace.ip(&["link", "set", INTERFACE, "up"])?;
        let switch = Arc::clone(&self.switch);
        switch.namespace.ip(&["link", "set", name, "master", BRIDGE, "up"])?;
        lock(&self.hosts).extend(addresses);
        let (name, addresses) = (name.to_owned(), addresses.to_vec());
        let carrier = Mutex::new(None);
        Ok(Host(Arc::new(HostParts { name, namespace, addresses, switch, carrier })))
    }

    /// Whether slow links are made by the kernel (netem). Otherwise a process makes them.
    pub fn has_netem(&self) -> bool {
        self.switch.has_netem
    }

    /// From now on nothing gets from one host to the other. The other direction stays.
    pub fn cut(&self, from: &Host, to: &Host) -> io::Result<()> {
        self.change_cuts("add", from, to)
    }

    /// Ends a cut from one host to the other.
    pub fn heal(&self, from: &Host, to: &Host) -> io::Result<()> {
        self.change_cuts("delete", from, to)
    }

    fn change_cuts(&self, change: &str, from: &Host, to: &Host) -> io::Result<()> {
        let pairs = from.0.addresses.iter().flat_map(|source| {
            to.0.addresses.iter().map(move |target| format!("{source} . {target}"))
        });
        let pairs = pairs.collect::<Vec<_>>().join(", ");
        let mut nft = self.switch.namespace.command("nft")?;
        run(nft.arg(format!("{change} element bridge switch cut {{ {pairs} }}")))
    }
}

impl Host {
    /// Does something on this host: a program that is started, a socket that is opened and a thread that is begun
    /// belong to it.
    pub fn run<T: Send>(&self, work: impl FnOnce() -> T + Send) -> io::Result<T> {
        self.0.namespace.run(work)
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Its first address.
    pub fn address(&self) -> Ipv4Addr {
        self.0.addresses.first().copied().unwrap_or(Ipv4Addr::LOCALHOST)
    }

    /// Pulls its cable: the host sees that its link is down.
    pub fn unplug(&self) -> io::Result<()> {
        self.0.switch.namespace.ip(&["link", "set", &self.0.name, "down"])
    }

    /// Puts the cable back.
    pub fn plug(&self) -> io::Result<()> {
        self.0.switch.namespace.ip(&["link", "set", &self.0.name, "up"])
    }

    /// What the host sends arrives so much later from now on, or, in so many of a hundred cases, never.
    pub fn slow_down(&self, delay: Duration, loss_percent: u32) -> io::Result<()> {
        let delay = delay.as_millis().to_string();
        let loss = loss_percent.to_string();
        if self.0.switch.has_netem {
            let netem = ["qdisc", "add", "dev", INTERFACE, "root", "netem", "limit", "100000"];
            let (delay, loss) = (format!("{delay}ms"), format!("{loss}%"));
            return self.0.namespace.tc(&[&netem[..], &["delay", &delay, "loss", &loss]].concat());
        }
        let (switch, port) = (&self.0.switch.namespace, self.0.name.as_str());
        let (carried, end) = (format!("{CARRIED}{port}"), format!("{CARRIED}{port}-"));
        switch.ip(&["link", "add", &carried, "type", "veth", "peer", "name", &end])?;
        switch.ip(&["link", "set", &carried, "master", BRIDGE, "up"])?;
        switch.ip(&["link", "set", &end, "up"])?;
        switch.ip(&["link", "set", port, "nomaster"])?;
        let mut python = switch.command("python3")?;
        python.args(["-c", SLOW_LINK, port, &end, &delay, &loss]).stdout(Stdio::piped());
        let mut carrier = python.spawn()?;
        // It prints a line when it is ready.
        let ready =
            carrier.stdout.take().map(|it| BufReader::new(it).read_line(&mut String::new()));
        *lock(&self.0.carrier) = Some(carrier);
        match ready.transpose()? {
            Some(1..) => Ok(()),
            _ => Err(io::Error::other("the slow link could not be made")),
        }
    }

    /// Ends [`Host::slow_down`].
    pub fn speed_up(&self) -> io::Result<()> {
        if self.0.switch.has_netem {
            return self.0.namespace.tc(&["qdisc", "delete", "dev", INTERFACE, "root"]);
        }
        if let Some(mut carrier) = lock(&self.0.carrier).take() {
            carrier.kill()?;
            carrier.wait()?;
        }
        let (switch, port) = (&self.0.switch.namespace, self.0.name.as_str());
        switch.ip(&["link", "delete", &format!("{CARRIED}{port}")])?;
        switch.ip(&["link", "set", port, "master", BRIDGE])
    }
}

impl std::fmt::Debug for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl Drop for HostParts {
    fn drop(&mut self) {
        if let Some(mut carrier) = lock(&self.carrier).take() {
            let _ = carrier.kill();
            let _ = carrier.wait();
        }
    }
}

/// Removes the namespaces of test processes that do not exist any more.
fn remove_leftovers() -> io::Result<()> {
    let output = Command::new("ip").args(["netns", "list"]).output()?;
    let names = String::from_utf8_lossy(&output.stdout).into_owned();
    let numbers = names.lines().filter_map(|line| line.strip_prefix("tipoff-")?.split('-').next());
    let processes = numbers.filter_map(|number| number.parse::<u32>().ok());
    for process in processes.collect::<BTreeSet<_>>() {
        if !Path::new("/proc").join(process.to_string()).exists() {
            drop(AtEnd::run(CLEANUP, &[format!("tipoff-{process}-")])?);
        }
    }
    Ok(())
}
