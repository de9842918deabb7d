//! Users and teams: who there is, what they may do, and whether they are there.

mod list;
mod standing;
mod team;
mod user;
mod user_form;

pub use list::role as role_name;

use super::super::Web;
use axum::{
    Router,
    routing::{get, post},
};

pub fn routes() -> Router<Web> {
    Router::new()
        .route("/people", get(list::users))
        .route("/people/new", get(user::show_new).post(user::create))
        .route("/people/{id}", get(user::show_page).post(user::change))
        .route("/people/{id}/availability", post(user::set_availability))
        .route("/people/{id}/invitation", post(user::invite))
        .route("/people/{id}/second-factor", post(user::take_second_factor))
        .route("/people/teams", get(list::teams))
        .route("/people/teams/new", get(team::show_new).post(team::create))
        .route("/people/teams/{id}", get(team::show_page).post(team::change))
        .route("/people/teams/{id}/delete", post(team::delete))
}
