//! What the rules are told of an arrival. Pure.

use tipoff_model::Facts;

use crate::NewArrival;

/// All of an arrival that is to be stored. `is_repeat`: its mail was stored before, whatever its files say.
pub(crate) fn facts_of(arrival: &NewArrival, muted: bool, is_repeat: bool) -> Facts<'_> {
    let of_content = Facts::of(&arrival.device, arrival.received_at, &arrival.content);
    Facts {
        began_at: arrival.began_at,
        event: arrival.event,
        torn: arrival.torn,
        housekeeping: arrival.housekeeping,
        envelope: Some(&arrival.envelope),
        muted,
        repeat: of_content.repeat || is_repeat,
        ..of_content
    }
}
