//! Statements that go to the database together. One at a time each costs two changes of thread, which for a batch of ten
//! tables took longer than what they do.

use sqlx::{QueryBuilder, Sqlite, SqliteConnection, query_builder::Separated};

/// How many rows one statement takes: it has at most 32,766 parameters.
const ROWS: usize = 1_000;
/// A script of so few rows will come again word by word, and is prepared once: on a quiet desk preparing took a fifth of
/// what a commit works. Larger ones are all different.
const ROWS_OF_A_USUAL_SCRIPT: usize = 24;

/// The values of one row.
pub(super) type Values<'a> = Separated<'a, Sqlite, &'static str>;

/// Statements in the order in which they are carried out. After the first that fails none is.
pub(super) struct Script {
    query: QueryBuilder<Sqlite>,
    is_empty: bool,
    rows: usize,
}

impl Script {
    pub fn new() -> Self {
        Self { query: QueryBuilder::new(""), is_empty: true, rows: 0 }
    }

    /// Many rows at once: `insert` says where to, `or` what happens to those that are there.
    pub fn insert<R>(
        &mut self,
        insert: &'static str,
        rows: &[R],
        mut bind: impl FnMut(Values<'_>, &R),
        or: &'static str,
    ) {
        self.rows += rows.len();
        for rows in rows.chunks(ROWS) {
            self.begin(insert).push_values(rows, &mut bind).push(or);
        }
    }

    /// The beginning of a statement that is not like that.
    pub fn begin(&mut self, sql: &'static str) -> &mut QueryBuilder<Sqlite> {
        if !std::mem::take(&mut self.is_empty) {
            self.query.push(";\n");
        }
        self.query.push(sql)
    }

    pub async fn run(mut self, tx: &mut SqliteConnection) -> sqlx::Result<()> {
        if self.is_empty {
            return Ok(());
        }
        let comes_again = self.rows <= ROWS_OF_A_USUAL_SCRIPT;
        self.query.build().persistent(comes_again).execute(tx).await.map(drop)
    }
}
