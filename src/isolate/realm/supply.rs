//! `RealmSupply`: fresh realms for tasks. It keeps realms that were prepared while the worker was
//! idle, and counts the realms that garbage collection does not collect.

use std::rc::Rc;

use deno_core::v8;

use crate::isolate::realm::realm::{Realm, RealmOptions};
use crate::isolate::state::IsolateState;

/// The number of full collections after which a realm that still exists counts as kept alive by
/// something.
const COLLECTIONS: u32 = 2;

/// The fresh realms of an isolate.
pub struct RealmSupply {
    options: RealmOptions,
    /// For code tasks.
    pub bare: Prepared,
    /// With handlers of its own, for handler tasks.
    pub loaded: Prepared,
    /// Realms that were given to a task and that V8 has not collected.
    given: Vec<Given>,
}

/// A realm that waits for a task.
#[derive(Default)]
pub struct Prepared {
    pub realm: Option<Realm>,
    /// Whether any task has needed one.
    pub is_used: bool,
}

impl Prepared {
    /// Whether a realm is to be prepared.
    pub fn is_wanted(&self) -> bool {
        self.is_used && self.realm.is_none()
    }
}

struct Given {
    ticket: u64,
    context: v8::Weak<v8::Context>,
    /// The number of full collections when the task was first found to be over.
    over_since: Option<u32>,
}

impl RealmSupply {
    /// Creates a supply without prepared realms.
    pub fn new(options: RealmOptions) -> Self {
        let (bare, loaded) = (Prepared::default(), Prepared::default());
        Self { options, bare, loaded, given: Vec::new() }
    }

    /// Creates a realm without handlers.
    pub fn make(&self, isolate: &mut v8::Isolate) -> Realm {
        Realm::new(isolate, &self.options)
    }

    /// Assigns a realm to a task, and counts it until V8 collects it.
    pub fn give(&mut self, isolate: &mut v8::Isolate, realm: Realm, ticket: u64) -> Rc<Realm> {
        let context = v8::Weak::new(isolate, &realm.context);
        self.given.push(Given { ticket, context, over_since: None });
        Rc::new(realm)
    }

    /// Returns the number of realms whose task is over and that full collections did not collect.
    pub fn detached(&mut self, state: &IsolateState) -> usize {
        let now = state.collections.get();
        self.given.retain_mut(|given| {
            if !state.is_in_flight(given.ticket) {
                given.over_since.get_or_insert(now);
            }
            !given.context.is_empty()
        });
        let is_held = |given: &&Given| {
            given.over_since.is_some_and(|since| now.wrapping_sub(since) >= COLLECTIONS)
        };
        self.given.iter().filter(is_held).count()
    }
}
