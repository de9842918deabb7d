//! Users, teams, skills and inboxes: who there is, what they may do and know, and whether they are there.

mod inboxes;
mod list;
mod skills;
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
        .route("/people/{id}/skills", get(skills::show_of_user).post(skills::change_of_user))
        .route("/people/skills", get(skills::show_list).post(skills::create))
        .route("/people/skills/{id}/delete", post(skills::delete))
        .route("/people/inboxes", get(inboxes::show_list))
        .route("/people/inboxes/new", get(inboxes::show_new).post(inboxes::create))
        .route("/people/inboxes/{id}", get(inboxes::show_page).post(inboxes::change))
        .route("/people/inboxes/{id}/delete", post(inboxes::delete))
        .route("/people/teams", get(list::teams))
        .route("/people/teams/new", get(team::show_new).post(team::create))
        .route("/people/teams/{id}", get(team::show_page).post(team::change))
        .route("/people/teams/{id}/delete", post(team::delete))
}
