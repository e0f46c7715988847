//! What happens to machines and links.

use std::time::Duration;

use tipoff_testkit::network::Host;

use super::scene::Scene;
use crate::faults::Dice;

/// How long a link is cut: not noticed, noticed, and longer than leases last.
const CUTS: [Duration; 3] =
    [Duration::from_millis(500), Duration::from_secs(3), Duration::from_secs(12)];
/// Of a slow link.
pub const DELAY: Duration = Duration::from_millis(200);
pub const LOSS_PERCENT: u32 = 5;

#[derive(Clone, Debug)]
pub enum Fault {
    /// A node dies for good; another one takes its place once its channels went on.
    Dead(usize),
    /// A node is killed and starts again at once.
    Restart(usize),
    /// The primary is killed, and a standby promoted.
    Primary,
    /// The primary is unplugged and goes on alone, and a standby is promoted.
    LonelyPrimary,
    /// The S3 server is killed, and starts again after a while.
    Bucket(Duration),
    /// A node does not reach the primary.
    NoPrimary(usize, Duration),
    /// Nothing gets from one to the other, nor back.
    Cut(Host, Host, Duration),
    /// Nothing gets from the first to the second.
    OneWay(Host, Host, Duration),
    /// A machine is connected to nobody.
    Unplugged(Host, Duration),
    /// What a machine sends is late, and some of it is lost.
    Slow(Host, Duration),
}

impl Fault {
    /// A fault of each important kind, in any order.
    pub fn one_of_each(scene: &Scene, dice: &mut Dice) -> Vec<Self> {
        let node = |dice: &mut Dice| dice.below(3) as usize;
        let host = |dice: &mut Dice| scene.nodes[node(dice)].host.clone();
        let mut faults = vec![
            Self::Dead(node(dice)),
            Self::Primary,
            Self::LonelyPrimary,
            Self::NoPrimary(node(dice), CUTS[1]),
            Self::OneWay(scene.service.clone(), host(dice), CUTS[1]),
            Self::Unplugged(host(dice), CUTS[2]),
            Self::Slow(host(dice), CUTS[1]),
        ];
        dice.shuffle(&mut faults);
        faults
    }

    /// Any fault.
    pub fn any(scene: &Scene, dice: &mut Dice) -> Self {
        let node = dice.below(3) as usize;
        let pause = dice.one_of(&CUTS);
        let machines = Self::machines(scene);
        match dice.below(16) {
            0..=2 => Self::Dead(node),
            3 => Self::Restart(node),
            4..=5 => Self::Primary,
            6 => Self::LonelyPrimary,
            7 => Self::Bucket(pause),
            8 => Self::NoPrimary(node, pause),
            9 => {
                let (one, other) = Self::two(scene, dice);
                Self::Cut(one, other, pause)
            }
            10..=11 => {
                let (one, other) = Self::two(scene, dice);
                Self::OneWay(one, other, pause)
            }
            12..=13 => Self::Unplugged(dice.one_of(&machines), pause),
            _ => Self::Slow(dice.one_of(&machines), pause),
        }
    }

    fn machines(scene: &Scene) -> Vec<Host> {
        let nodes = scene.nodes.iter().map(|node| node.host.clone());
        let others = [&scene.balancer, &scene.store, &scene.service].map(Host::clone);
        nodes.chain(others).chain(scene.databases.clone()).collect()
    }

    /// Two machines of which at least one is a node or a database.
    fn two(scene: &Scene, dice: &mut Dice) -> (Host, Host) {
        let one = match dice.below(4) {
            0 => dice.one_of(&scene.databases),
            _ => dice.one_of(&scene.nodes.iter().map(|node| node.host.clone()).collect::<Vec<_>>()),
        };
        let mut others = Self::machines(scene);
        others.retain(|other| other.name() != one.name());
        let other = dice.one_of(&others);
        if dice.below(2) == 0 { (one, other) } else { (other, one) }
    }

    /// What kind of fault it is, for the report.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Dead(_) => "dead node",
            Self::Restart(_) => "restarted node",
            Self::Primary => "killed primary",
            Self::LonelyPrimary => "lonely primary",
            Self::Bucket(_) => "killed S3 server",
            Self::NoPrimary(..) => "node without primary",
            Self::Cut(..) => "cut",
            Self::OneWay(..) => "one-way cut",
            Self::Unplugged(..) => "unplugged machine",
            Self::Slow(..) => "slow machine",
        }
    }
}
