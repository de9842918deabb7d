//! Takes a handful of events: decides and records them together, or, where that fails, one by one.

use super::{
    Engine,
    mishaps::{is_about_this_event, refuse_saves},
};
use crate::{
    clock::Stopwatch,
    desk::{
        Envelope, Input, Outcome,
        deciding::{Broken, Round},
    },
    store::batch::{Batch, NotCommitted},
};
use tracing::{error, info};

impl Engine {
    /// Decides, records and acts on all of them together. If that fails, one by one: a bad event must not fail the
    /// others, and while the store is away they wait here.
    pub(super) async fn take(&mut self, mut envelopes: Vec<Envelope>) -> anyhow::Result<()> {
        envelopes.retain(|envelope| envelope.input.is_wanted());
        if envelopes.is_empty() {
            return Ok(());
        }
        let inputs: Vec<&Input> = envelopes.iter().map(|envelope| &envelope.input).collect();
        let broken = match self.attempt(&inputs).await {
            Ok(round) => return self.act(round, envelopes).await,
            Err(broken) => broken,
        };
        if let Broken::Store(NotCommitted::Fenced) = broken {
            anyhow::bail!("another strowger has taken over the database");
        }
        if let Broken::Store(NotCommitted::Failed(error)) = &broken
            && !is_about_this_event(error)
        {
            self.store_is_down(error);
            envelopes = refuse_saves(envelopes);
        }
        self.recover().await?;
        if envelopes.is_empty() {
            return Ok(());
        }
        if envelopes.len() == 1 {
            return self.take_alone(envelopes, broken).await;
        }
        for envelope in envelopes {
            Box::pin(self.take(vec![envelope])).await?;
        }
        Ok(())
    }

    /// The one event that failed by itself.
    async fn take_alone(&mut self, mut envelopes: Vec<Envelope>, mut broken: Broken) -> anyhow::Result<()> {
        loop {
            let error = match broken {
                Broken::Panicked { by: Some(call), error } => {
                    error!(call.id = %call, error, "a call breaks the switchboard and is put aside");
                    self.memory.parked.insert(call);
                    self.recover().await?;
                    match self.attempt(&[&envelopes[0].input]).await {
                        Ok(round) => return self.act(round, envelopes).await,
                        Err(again) => broken = again,
                    }
                    continue;
                }
                Broken::Panicked { error, by: None } => error,
                Broken::Store(NotCommitted::Fenced) => {
                    anyhow::bail!("another strowger has taken over the database")
                }
                Broken::Store(NotCommitted::Failed(error)) if is_about_this_event(&error) => {
                    error.to_string()
                }
                Broken::Store(NotCommitted::Failed(error) | NotCommitted::InDoubt(error)) => {
                    self.store_is_down(&error);
                    self.wait_for_store().await?;
                    self.recover().await?;
                    match self.attempt(&[&envelopes[0].input]).await {
                        Ok(round) => return self.act(round, envelopes).await,
                        Err(again) => broken = again,
                    }
                    continue;
                }
            };
            self.quarantine(&envelopes[0].input, &error).await;
            if let Some(reply) = envelopes.pop().and_then(|envelope| envelope.reply) {
                let _ = reply.send(Outcome::Unavailable);
            }
            return Ok(());
        }
    }

    /// Decides everything and records it. On failure nothing of it is in the store, and memory is ahead of it.
    async fn attempt(&mut self, inputs: &[&Input]) -> Result<Round, Broken> {
        let mut round = Round::default();
        for (index, input) in inputs.iter().enumerate() {
            let outcome = self.decide(input, index, &mut round).await?;
            round.outcomes.push(outcome);
        }
        self.keep_line(&mut round).await?;
        self.notify_of(&mut round);
        if !round.batch.is_empty() {
            let began = Stopwatch::start();
            self.commit(&round.batch).await.map_err(Broken::Store)?;
            self.around.health.metrics.commit.observe(began.elapsed());
        }
        Ok(round)
    }

    /// When this returns it is certain whether the batch is in the store.
    pub(super) async fn commit(&mut self, batch: &Batch) -> Result<(), NotCommitted> {
        let number = self.writer.last_batch() + 1;
        let mut committed = self.writer.commit(batch).await;
        while let Err(NotCommitted::InDoubt(error)) = committed {
            self.store_is_down(&error);
            if self.wait_for_store().await.is_err() {
                return Err(NotCommitted::InDoubt(error));
            }
            committed = match self.writer.find_out(number).await {
                Ok(true) => Ok(()),
                Ok(false) => Err(NotCommitted::Failed(error)),
                Err(other) => Err(other),
            };
        }
        if committed.is_ok() && self.around.health.store_came_up() {
            info!("the store takes writes again");
        }
        committed
    }
}
