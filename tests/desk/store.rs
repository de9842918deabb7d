//! The daemon's database, looked at and held from beside it.

use super::Desk;
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};

impl Desk {
    /// A connection of its own, which may write.
    pub async fn store(&self) -> SqliteConnection {
        let options = SqliteConnectOptions::new().filename(self.database());
        SqliteConnection::connect_with(&options).await.unwrap()
    }

    /// Until the connection is closed nobody else can write.
    pub async fn lock_store(&self) -> SqliteConnection {
        let mut store = self.store().await;
        sqlx::query("begin immediate").execute(&mut store).await.unwrap();
        store
    }

    /// The one number that `sql` asks for, if there is one.
    pub async fn number(&self, sql: &'static str) -> Option<i64> {
        sqlx::query_scalar(sql).fetch_one(&mut self.store().await).await.unwrap()
    }
}
