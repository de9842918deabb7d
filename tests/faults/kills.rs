//! The daemon dies.

use crate::{
    Row, Scale,
    auditor::{Scope, Verdict},
    world::{Wishes, World, work_on},
};

pub async fn killed_at_random_moments_nothing_is_lost(scale: Scale) -> Vec<Row> {
    let mut world = World::open(Wishes::default()).await;
    let mut verdict = Verdict::default();
    let times = scale.of(50, 1_000);
    for _ in 0..times / 25 {
        let load = world.load(8.0);
        for _ in 0..25 {
            work_on(20..400).await;
            world.kill();
            verdict.add(world.evidence().await.audit(Scope::default()));
            world.start().await;
        }
        drop(load);
        verdict.add(world.audit(Scope::default()).await);
    }
    vec![Row::new("kill -9 at a random moment", times, verdict, &world)]
}
