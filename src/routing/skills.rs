//! What people know, and how well (R28): kinds of questions, and languages.

use super::{
    ids::SkillId,
    people::{People, User},
};
use serde::{Deserialize, Serialize};

/// Something to be known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skill {
    pub id: SkillId,
    pub name: String,
    pub kind: SkillKind,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SkillKind {
    /// What questions are about.
    #[default]
    Category,
    /// Known at a level from 1 to 5.
    Language,
}

/// What somebody must know, or had better know, to be given something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    pub skill: SkillId,
    pub name: String,
    /// `None`: at any level.
    pub level: Option<u8>,
}

/// A skill that a user has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Known {
    pub skill: SkillId,
    /// Of a language, and of nothing else.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 5)]
    pub level: Option<u8>,
}

impl User {
    /// Whether they know it, at this level or better where one is asked for.
    pub fn knows(&self, skill: SkillId, level: Option<u8>) -> bool {
        let enough = |known: &Known| level.is_none_or(|level| known.level.is_some_and(|has| has >= level));
        self.skills.iter().any(|known| known.skill == skill && enough(known))
    }
}

impl People {
    /// What people call this skill; the id, if it is gone.
    pub fn skill_name(&self, skill: SkillId) -> String {
        self.skills.get(&skill).map_or_else(|| skill.to_string(), |skill| skill.name.clone())
    }
}
