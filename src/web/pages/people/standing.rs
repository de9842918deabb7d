//! What somebody does at the moment, in a shape and some words.

use super::super::{super::Web, layout::Layout};
use crate::{
    desk::Doing,
    routing::{
        availability::{self, ByHand},
        eligibility::Objection,
        people::User,
        sentences::Teller,
    },
};

/// A shape and words.
pub struct State {
    pub class: &'static str,
    pub text: String,
}

/// Whether they can take a call now. `all`: whoever asks may see their hours and what they have entered ahead.
pub fn state(user: &User, doing: &Doing, all: bool, web: &Web, layout: &Layout) -> State {
    let shown = |class, text| State { class, text };
    match doing.occupation {
        "talking" => return shown("busy", layout.t("people-doing-talking")),
        "connecting" => return shown("busy", layout.t("people-doing-connecting")),
        "wrapping_up" => return shown("busy", layout.t("people-doing-wrapping-up")),
        _ => {}
    }
    if doing.offers > 0 {
        return shown("busy", layout.t("people-doing-rung"));
    }
    let now = web.clock.now().at;
    let away = match all {
        true => availability::away(user, &doing.availability, now),
        false => away_by_hand(&doing.availability, now),
    };
    if let Some(objection) = away.or_else(|| doing.phone.objection()) {
        let name = |_| String::new();
        let teller = Teller { language: layout.language, zone: &user.zone, name: &name };
        let class = if doing.phone.connected { "warn" } else { "" };
        return shown(class, teller.objection(user.id, &objection).trim().trim_end_matches('.').to_owned());
    }
    shown("good", layout.t("people-doing-free"))
}

fn away_by_hand(by_hand: &ByHand, now: chrono::DateTime<chrono::Utc>) -> Option<Objection> {
    match by_hand {
        ByHand::Away { reason, until } if !by_hand.is_available(now) => {
            Some(Objection::Away { reason: reason.clone(), until: *until })
        }
        _ => None,
    }
}
