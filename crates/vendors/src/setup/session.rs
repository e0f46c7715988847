//! The order in which a camera is set up, the same for all vendors: look, plan, write, look again, test.

use std::collections::VecDeque;

use super::{
    CameraIdentity, CameraSetup, SETUPS, SetupAnswer, SetupChange, SetupFault, SetupGoal,
    SetupLogin, SetupPlan, SetupRequest, Write,
};

/// What came of writing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SetupOutcome {
    /// What the camera refused, or ignored: in words, with the value that it has now.
    pub faults: Vec<String>,
    /// Whether the camera says that its test reached Tipoff; `None` if it was not asked.
    pub test: Option<Result<(), String>>,
}

/// What is being done.
enum Phase {
    Looking,
    Planned(Vec<Write>),
    Writing { left: VecDeque<Write>, sent: Option<Write> },
    LookingAgain,
    Testing { is_sent: bool },
    Over,
}

/// Sets up one camera.
pub struct SetupSession {
    camera: Box<dyn CameraSetup>,
    phase: Phase,
    plan: SetupPlan,
    outcome: SetupOutcome,
}

impl SetupSession {
    /// A session with a camera of this vendor; `None` if such cameras are not set up.
    pub fn begin(vendor: &str, goal: SetupGoal, login: SetupLogin) -> Option<Self> {
        let entry = SETUPS.iter().find(|entry| entry.name == vendor)?;
        Some(Self {
            camera: (entry.begin)(goal, login),
            phase: Phase::Looking,
            plan: SetupPlan::default(),
            outcome: SetupOutcome::default(),
        })
    }

    /// The next request. `None` at the end, and when the plan is made: then [`Self::write`] goes on.
    ///
    /// # Errors
    /// What was read shows that the camera cannot be set up.
    pub fn next_request(&mut self) -> Result<Option<SetupRequest>, SetupFault> {
        loop {
            match &mut self.phase {
                Phase::Looking => match self.camera.look() {
                    Some(request) => return Ok(Some(request)),
                    None => {
                        let planned = self.camera.plan()?;
                        self.plan = planned.plan;
                        self.phase = Phase::Planned(planned.writes);
                    }
                },
                Phase::Planned(_) | Phase::Over => return Ok(None),
                Phase::Writing { left, sent } => match left.pop_front() {
                    Some(write) => {
                        let request = write.request.clone();
                        *sent = Some(write);
                        return Ok(Some(request));
                    }
                    None => {
                        self.camera.look_again();
                        self.phase = Phase::LookingAgain;
                    }
                },
                Phase::LookingAgain => match self.camera.look() {
                    Some(request) => return Ok(Some(request)),
                    None => self.compare()?,
                },
                Phase::Testing { is_sent: true } => self.phase = Phase::Over,
                Phase::Testing { is_sent } => match self.camera.test() {
                    Some(request) => {
                        *is_sent = true;
                        return Ok(Some(request));
                    }
                    None => self.phase = Phase::Over,
                },
            }
        }
    }

    /// Takes the answer to the latest request.
    ///
    /// # Errors
    /// The camera cannot be set up.
    pub fn answer(&mut self, answer: &SetupAnswer<'_>) -> Result<(), SetupFault> {
        match &mut self.phase {
            Phase::Looking | Phase::LookingAgain => self.camera.looked(answer)?,
            Phase::Writing { left, sent } => {
                let (Err(words), Some(write)) = (self.camera.written(answer), sent.take()) else {
                    return Ok(());
                };
                match write.otherwise {
                    Some(request) => left.push_front(Write { request, otherwise: None }),
                    None => {
                        self.outcome.faults.push(format!("The camera refused a change: {words}"))
                    }
                }
            }
            Phase::Testing { .. } => self.outcome.test = Some(self.camera.tested(answer)),
            Phase::Planned(_) | Phase::Over => {}
        }
        Ok(())
    }

    /// Carries out the plan.
    pub fn write(&mut self) {
        if let Phase::Planned(writes) = &mut self.phase {
            let left = std::mem::take(writes).into();
            self.phase = Phase::Writing { left, sent: None };
        }
    }

    /// The request that logs out, to be sent when the session ends, however it ends. Its answer says nothing. `None` if there
    /// is nothing to end.
    pub fn leave(&mut self) -> Option<SetupRequest> {
        self.camera.leave()
    }

    /// What the camera is, as far as it was read.
    pub fn identity(&self) -> &CameraIdentity {
        self.camera.identity()
    }

    /// What is to be changed, once everything is read.
    pub fn plan(&self) -> &SetupPlan {
        &self.plan
    }

    /// What came of writing, at the end.
    pub fn outcome(&self) -> &SetupOutcome {
        &self.outcome
    }

    /// What would still have to be changed was not taken. A test would fail then, and is not made.
    fn compare(&mut self) -> Result<(), SetupFault> {
        let left = self.camera.plan()?.plan.changes;
        let fault = |SetupChange { what, from, to }: SetupChange| {
            format!("{what}: the camera still has \"{from}\" instead of \"{to}\"")
        };
        self.outcome.faults.extend(left.into_iter().map(fault));
        self.phase = match self.outcome.faults.is_empty() {
            true => Phase::Testing { is_sent: false },
            false => Phase::Over,
        };
        Ok(())
    }
}
