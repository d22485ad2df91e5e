//! The plans that tasks share, so that each of many that wait has none of its own.

use std::sync::Arc;

use crate::isolate::{Code, CodeKind, Isolation, Plan, Work};

/// A pool whose types come from data must not keep them all.
const MAX_TYPES: usize = 4096;

pub(super) const UNKNOWN_TYPE: u32 = u32::MAX;

#[derive(Default)]
pub(super) struct Plans {
    /// The types of handler tasks that were met, by their numbers.
    types: Vec<Type>,
    /// That of the latest code task: the next one is likely to be the same.
    latest: Option<Arc<Plan>>,
}

struct Type {
    name: Arc<str>,
    /// By isolation.
    plans: [Option<Arc<Plan>>; 3],
}

impl Plans {
    /// The number of a type that has none; [`UNKNOWN_TYPE`] where there are too many.
    pub fn index_of(&mut self, name: String) -> u32 {
        if self.types.len() == MAX_TYPES {
            return UNKNOWN_TYPE;
        }
        self.types.push(Type { name: name.into(), plans: Default::default() });
        self.types.len() as u32 - 1
    }

    /// `None` where no type has this number.
    pub fn of_type(&mut self, index: u32, isolation: Isolation) -> Option<Arc<Plan>> {
        let Type { name, plans } = self.types.get_mut(index as usize)?;
        let plan = plans[isolation as usize]
            .get_or_insert_with(|| Arc::new(Plan::new(Work::Handler(name.clone()), isolation)));
        Some(plan.clone())
    }

    pub fn of_code(&mut self, kind: CodeKind, text: String, isolation: Isolation) -> Arc<Plan> {
        let is_it = |plan: &&Arc<Plan>| {
            let Work::Code(code) = &plan.work else { return false };
            (plan.isolation, code.kind, &*code.text) == (isolation, kind, &*text)
        };
        if let Some(plan) = self.latest.as_ref().filter(is_it) {
            return plan.clone();
        }
        let code = Code { kind, text: text.into() };
        self.latest.insert(Arc::new(Plan::new(Work::Code(code), isolation))).clone()
    }
}
