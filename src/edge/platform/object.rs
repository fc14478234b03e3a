//! A Durable Object from inside: its name, its alarm, its rows and its database.

use js_sys::{Array, Promise};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};

use super::{Context, Result, settled};
use crate::units::Timestamp;

#[wasm_bindgen]
extern "C" {
    /// The state of an object.
    #[wasm_bindgen(extends = Context)]
    pub type State;
    #[wasm_bindgen(method, getter)]
    fn id(this: &State) -> Id;
    /// What outlives the object's memory.
    #[wasm_bindgen(method, getter)]
    pub fn storage(this: &State) -> Storage;

    type Id;
    #[wasm_bindgen(method, getter)]
    fn name(this: &Id) -> Option<String>;

    /// The storage of an object.
    pub type Storage;
    #[wasm_bindgen(method, catch, js_name = get)]
    fn get_row(this: &Storage, key: &str) -> std::result::Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch, js_name = put)]
    fn put_row(this: &Storage, key: &str, text: &str) -> std::result::Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch, js_name = setAlarm)]
    fn ring_at(this: &Storage, at: f64) -> std::result::Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch, js_name = deleteAlarm)]
    fn ring_never(this: &Storage) -> std::result::Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch, js_name = deleteAll)]
    fn delete_rows(this: &Storage) -> std::result::Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch, js_name = transactionSync)]
    fn transact(
        this: &Storage,
        work: &mut dyn FnMut() -> std::result::Result<(), JsValue>,
    ) -> std::result::Result<(), JsValue>;
    /// The object's database.
    #[wasm_bindgen(method, getter)]
    pub fn sql(this: &Storage) -> Sql;

    /// The database of an object.
    pub type Sql;
    #[wasm_bindgen(method, catch, variadic)]
    fn exec(this: &Sql, statement: &str, values: &Array) -> std::result::Result<Cursor, JsValue>;

    type Cursor;
    #[wasm_bindgen(method, catch)]
    fn raw(this: &Cursor) -> std::result::Result<JsValue, JsValue>;
}

impl State {
    /// The name that the object was asked for by.
    pub(in crate::edge) fn name(&self) -> String {
        self.id().name().unwrap_or_default()
    }
}

impl Storage {
    /// The text at a key.
    pub(in crate::edge) async fn get(&self, key: &str) -> Result<Option<String>> {
        Ok(settled(self.get_row(key)).await?.as_string())
    }

    /// Stores a text.
    pub(in crate::edge) async fn put(&self, key: &str, text: &str) -> Result<()> {
        settled(self.put_row(key, text)).await.map(drop)
    }

    /// Sets the alarm, in place of the one that was set.
    pub(in crate::edge) async fn set_alarm(&self, at: Timestamp) -> Result<()> {
        #[expect(clippy::cast_precision_loss, reason = "a timestamp stays below the year 9999")]
        let at = at.as_millis() as f64;
        settled(self.ring_at(at)).await.map(drop)
    }

    /// Unsets the alarm.
    pub(in crate::edge) async fn delete_alarm(&self) -> Result<()> {
        settled(self.ring_never()).await.map(drop)
    }

    /// Runs `work` in a transaction: if it fails, nothing that it wrote remains
    /// (<https://developers.cloudflare.com/durable-objects/api/sqlite-storage-api/#transactionsync>).
    pub(in crate::edge) fn transaction(&self, work: &mut dyn FnMut() -> Result<()>) -> Result<()> {
        Ok(self.transact(&mut || work().map_err(JsValue::from))?)
    }

    /// Deletes all that is stored.
    pub(in crate::edge) async fn delete_all(&self) -> Result<()> {
        settled(self.delete_rows()).await.map(drop)
    }
}

impl Sql {
    fn cursor(&self, statement: &str, values: &[&str]) -> Result<Cursor> {
        let texts = Array::new();
        for value in values {
            texts.push(&JsValue::from_str(value));
        }
        Ok(self.exec(statement, &texts)?)
    }

    /// Executes a statement.
    pub(in crate::edge) fn run(&self, statement: &str, values: &[&str]) -> Result<()> {
        self.cursor(statement, values).map(drop)
    }

    /// The rows of a query for two texts; rows of anything else are left out.
    pub(in crate::edge) fn pairs(&self, query: &str) -> Result<Vec<(String, String)>> {
        let rows = Array::from(&self.cursor(query, &[])?.raw()?);
        let pair = |row: JsValue| {
            let row: Array = row.unchecked_into();
            row.get(0).as_string().zip(row.get(1).as_string())
        };
        Ok((0..rows.length()).filter_map(|at| pair(rows.get(at))).collect())
    }
}
