//! The caller hears a message and leaves theirs. A recording is kept when it is on our disk and its row is
//! committed; until then the call is not over, whatever the caller does.

use super::{
    call::{Message, Outcome, Recording, State, Voicemail},
    channel::Slot,
    connecting::first_poll,
    decision::{Action, Instruction, Job, Say, TicketChange, Write},
    switchboard::{Switchboard, Turn},
    talking::TALK_CHECK_SECONDS,
};
use crate::routing::{
    assignment::Selection,
    ids::{CallId, TicketId},
    reasons::Reason,
};

/// A recording of which nothing is heard is looked for after this time.
const LOOK_SECONDS: u32 = 600;
/// The caller is gone and nothing was heard of a recording: look sooner.
pub(super) const LOOK_SOON_SECONDS: u32 = 60;
/// A recording that was reported but can't be found is given up after so many looks.
const LOOKS_MAX: u32 = 20;

impl Switchboard {
    /// Nobody takes the call, or nobody is asked: the caller's next request gets the greeting.
    pub(super) fn take_message(
        &mut self,
        id: CallId,
        slot: Slot,
        selection: Selection,
        reason: Reason,
        turn: &mut Turn<'_>,
    ) {
        let now = turn.now().steady;
        self.end_offers(id, super::call::Cause::Expired, turn);
        let Some(call) = self.calls.get_mut(&id) else { return };
        let place = call.place();
        call.state = State::Voicemail(Voicemail {
            slot,
            greeted: false,
            message: Message::NotYet,
            silences: 0,
            caller_gone: false,
            look_at: None,
            looks: 0,
        });
        // When they should have asked is known, but for those who hold a document that may last.
        call.check_at = call.check_at.min(now.plus_seconds(TALK_CHECK_SECONDS));
        let call = call.clone();
        self.line.remove(&place);
        let action = match slot {
            Slot::Unanswered => Action::Unanswered,
            _ => Action::AfterHours,
        };
        turn.decide(&call, action, selection, vec![reason]);
        turn.touch(id);
        if call.answered_by.is_some() && !call.shares_ticket {
            turn.write(Write::Ticket(TicketChange::Unassign { ticket: call.ticket }));
        }
    }

    fn voicemail(&mut self, id: CallId) -> Option<&mut Voicemail> {
        match &mut self.calls.get_mut(&id)?.state {
            State::Voicemail(voicemail) => Some(voicemail),
            _ => None,
        }
    }

    /// The caller finished. The recording itself comes later.
    pub(super) fn message_left(&mut self, id: CallId, recording: Recording, turn: &mut Turn<'_>) {
        if recording.seconds == 0 {
            let before = self.voicemail(id).map_or(0, |voicemail| voicemail.silences);
            return self.nothing_recorded(id, before + 1, turn);
        }
        let look_at = turn.now().steady.plus_seconds(LOOK_SECONDS);
        let Some(voicemail) = self.voicemail(id) else { return self.caller_asks(id, first_poll(0), turn) };
        if voicemail.message == Message::NotYet {
            voicemail.message = Message::Left { recording };
            voicemail.look_at = Some(look_at);
            turn.touch(id);
        }
        turn.answer(Some(id), Instruction::ThankAndHangUp);
    }

    pub(super) fn nothing_recorded(&mut self, id: CallId, times: u32, turn: &mut Turn<'_>) {
        let Some(voicemail) = self.voicemail(id) else { return self.caller_asks(id, first_poll(0), turn) };
        voicemail.silences = voicemail.silences.max(times);
        turn.touch(id);
        turn.ask(id, 0);
    }

    /// The caller hung up. If they may have left something, it is waited for.
    pub(super) fn caller_left_voicemail(&mut self, id: CallId, turn: &mut Turn<'_>) {
        let soon = turn.now().steady.plus_seconds(LOOK_SOON_SECONDS);
        let Some(call) = self.calls.get_mut(&id) else { return };
        call.check_at = turn.now().steady.plus_seconds(TALK_CHECK_SECONDS);
        let State::Voicemail(voicemail) = &mut call.state else { return };
        voicemail.caller_gone = true;
        match voicemail.message {
            Message::NotYet if voicemail.silences > 1 => {
                self.end(id, Outcome::Abandoned, Reason::NothingRecorded, turn);
            }
            Message::NotYet => {
                voicemail.look_at.get_or_insert(soon);
                turn.touch(id);
            }
            Message::Left { .. } | Message::Keeping { .. } => turn.touch(id),
        }
    }

    /// It can be fetched now. That even holds for a call that ended: what was said into it is not lost.
    pub(super) fn recording_ready(&mut self, id: CallId, recording: Recording, turn: &mut Turn<'_>) {
        if recording.seconds == 0 {
            return self.recording_absent(id, turn);
        }
        let Some(call) = self.calls.get_mut(&id) else { return };
        if let State::Voicemail(voicemail) = &mut call.state {
            match &voicemail.message {
                Message::Keeping { recording: kept } if kept.id == recording.id => return,
                // A caller who was asked again may have left two. Neither is lost.
                Message::Keeping { .. } => {}
                Message::NotYet | Message::Left { .. } => {
                    voicemail.message = Message::Keeping { recording: recording.clone() };
                    voicemail.look_at = None;
                }
            }
        }
        turn.later(Job::KeepRecording {
            call: id,
            ticket: call.ticket,
            provider: call.provider.clone(),
            provider_call_id: call.provider_call_id.clone(),
            recording,
        });
        turn.touch(id);
    }

    pub(super) fn recording_absent(&mut self, id: CallId, turn: &mut Turn<'_>) {
        let Some(voicemail) = self.voicemail(id) else { return };
        if matches!(voicemail.message, Message::Keeping { .. }) {
            return;
        }
        voicemail.message = Message::NotYet;
        turn.touch(id);
        if voicemail.caller_gone {
            self.end(id, Outcome::Abandoned, Reason::NothingRecorded, turn);
        }
    }

    pub(super) fn voicemail_due(&mut self, id: CallId, turn: &mut Turn<'_>) {
        let now = turn.now().steady;
        let Some(call) = self.calls.get_mut(&id) else { return };
        let (provider, provider_call_id) = (call.provider.clone(), call.provider_call_id.clone());
        let State::Voicemail(voicemail) = &mut call.state else { return };
        if voicemail.look_at.is_some_and(|at| at <= now) {
            voicemail.look_at = Some(now.plus_seconds(LOOK_SOON_SECONDS));
            voicemail.looks += 1;
            turn.touch(id);
            turn.say(Say::FindRecordings { call: id, provider, provider_call_id });
        }
    }

    pub(super) fn recordings_found(
        &mut self,
        id: CallId,
        found: Option<Vec<Recording>>,
        turn: &mut Turn<'_>,
    ) {
        let Some(voicemail) = self.voicemail(id) else { return };
        let (Some(found), false) = (found, matches!(voicemail.message, Message::Keeping { .. })) else {
            return;
        };
        let given_up = voicemail.looks >= LOOKS_MAX;
        let left = matches!(voicemail.message, Message::Left { .. });
        let gone = voicemail.caller_gone;
        let found: Vec<Recording> = found.into_iter().filter(|recording| recording.seconds > 0).collect();
        match found.is_empty() {
            false => found.into_iter().for_each(|recording| self.recording_ready(id, recording, turn)),
            true if left && given_up => self.end(id, Outcome::Abandoned, Reason::RecordingLost, turn),
            true if !left && gone => self.end(id, Outcome::Abandoned, Reason::NothingRecorded, turn),
            true => {}
        }
    }

    /// On our disk and synced. With this transaction it is kept.
    pub(super) fn recording_kept(
        &mut self,
        id: CallId,
        ticket: TicketId,
        recording: Recording,
        sha256: String,
        turn: &mut Turn<'_>,
    ) {
        let reason = Reason::MessageKept { seconds: recording.seconds };
        turn.write(Write::Voicemail { call: id, recording, sha256, at: turn.now().at });
        match self.calls.get(&id) {
            None => turn.write(Write::Ticket(TicketChange::Reopen { ticket, at: turn.now().at })),
            Some(call) if !call.shares_ticket => turn.write(Write::Ticket(TicketChange::Unassign { ticket })),
            Some(_) => {}
        }
        if self.voicemail(id).is_some() {
            self.end(id, Outcome::Voicemail, reason, turn);
        }
    }

    pub(super) fn recording_lost(&mut self, id: CallId, recording: &Recording, turn: &mut Turn<'_>) {
        let Some(voicemail) = self.voicemail(id) else { return };
        if matches!(&voicemail.message, Message::Keeping { recording: kept } if kept == recording) {
            self.end(id, Outcome::Abandoned, Reason::RecordingLost, turn);
        }
    }
}

impl Voicemail {
    /// The caller is there, but was not told yet to leave a message: what should have brought them was lost.
    pub(super) fn awaits_greeting(&self) -> bool {
        !self.greeted && !self.caller_gone && self.message == Message::NotYet
    }

    pub(super) fn instruction(&self) -> Instruction {
        match (&self.message, self.silences) {
            (Message::Left { .. } | Message::Keeping { .. }, _) => Instruction::ThankAndHangUp,
            (Message::NotYet, 0) => Instruction::TakeMessage { slot: self.slot },
            (Message::NotYet, 1) => Instruction::AskAgain,
            (Message::NotYet, _) => Instruction::SayGoodbye,
        }
    }
}
