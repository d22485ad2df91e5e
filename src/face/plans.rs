//! The plans of tasks.
//!
//! Tasks with the same plan share it, so that a waiting task takes little memory.

use std::sync::Arc;

use crate::isolate::{Code, CodeKind, Isolation, Plan, Work};

/// Maximum number of types: if the types come from data, there is no end of them.
const MAX_TYPES: usize = 4096;

/// Stands for a type without a number.
pub(super) const UNKNOWN_TYPE: u32 = u32::MAX;

/// The plans of the types that were seen, and of the latest code task.
#[derive(Default)]
pub(super) struct Plans {
    /// The types of handler tasks, by their numbers.
    types: Vec<Type>,
    /// The plan of the latest code task: the next one is likely to be the same.
    latest: Option<Arc<Plan>>,
}

struct Type {
    name: Arc<str>,
    /// One for each isolation.
    plans: [Option<Arc<Plan>>; 3],
}

impl Plans {
    /// Assigns a number to a type that has none. Returns [`UNKNOWN_TYPE`] if there are too many types.
    pub fn index_of(&mut self, name: String) -> u32 {
        if self.types.len() == MAX_TYPES {
            return UNKNOWN_TYPE;
        }
        self.types.push(Type { name: name.into(), plans: Default::default() });
        self.types.len() as u32 - 1
    }

    /// Returns the plan of a handler task; `None` if no type has this number.
    pub fn of_type(&mut self, index: u32, isolation: Isolation) -> Option<Arc<Plan>> {
        let Type { name, plans } = self.types.get_mut(index as usize)?;
        let plan = plans[isolation as usize]
            .get_or_insert_with(|| Arc::new(Plan::new(Work::Handler(name.clone()), isolation)));
        Some(plan.clone())
    }

    /// Returns the plan of a code task.
    pub fn of_code(&mut self, kind: CodeKind, text: String, isolation: Isolation) -> Arc<Plan> {
        let is_same = |plan: &&Arc<Plan>| {
            let Work::Code(code) = &plan.work else { return false };
            (plan.isolation, code.kind, &*code.text) == (isolation, kind, &*text)
        };
        if let Some(plan) = self.latest.as_ref().filter(is_same) {
            return plan.clone();
        }
        let code = Code { kind, text: text.into() };
        self.latest.insert(Arc::new(Plan::new(Work::Code(code), isolation))).clone()
    }
}
