//! `RealmData`: the data of one realm, which functions that JavaScript calls look up from the
//! current context.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::{Rc, Weak};

use deno_core::v8;

use crate::isolate::realm::bootstrap::modules::BootstrapModules;
use crate::isolate::realm::engine::blobs::Blobs;
use crate::isolate::realm::functions::RealmFunctions;
use crate::isolate::realm::transit::Transit;

/// The index of a context's embedder data that holds the number of its realm.
const REALM: i32 = 4;

/// The data of one realm.
pub struct RealmData {
    /// Unique within the isolate.
    pub number: u32,
    pub functions: Rc<RealmFunctions>,
    pub blobs: Blobs,
    /// The bootstrap modules of the realm.
    pub bootstrap: BootstrapModules,
    pub transit: Transit,
    realms: Rc<Realms>,
}

/// The realms of an isolate, by number. A slot of the isolate.
#[derive(Default)]
pub struct Realms {
    by_number: RefCell<HashMap<u32, Weak<RealmData>>>,
    last: Cell<u32>,
}

impl RealmData {
    /// Registers the current context as a realm.
    pub fn new(
        scope: &mut v8::HandleScope,
        functions: Rc<RealmFunctions>,
        bootstrap: BootstrapModules,
    ) -> Rc<Self> {
        let realms = scope.get_slot::<Rc<Realms>>().cloned().unwrap_or_default();
        let number = realms.last.get() + 1;
        realms.last.set(number);
        let value = v8::Integer::new_from_unsigned(scope, number).into();
        scope.get_current_context().set_embedder_data(REALM, value);
        let data = Rc::new(Self {
            number,
            functions,
            blobs: Blobs::default(),
            bootstrap,
            transit: Transit::default(),
            realms: realms.clone(),
        });
        realms.by_number.borrow_mut().insert(number, Rc::downgrade(&data));
        data
    }

    /// Returns the data of the current context; `None` where it is not a realm.
    pub fn of(scope: &mut v8::HandleScope) -> Option<Rc<Self>> {
        let number = Self::current_number(scope)?;
        let realms = scope.get_slot::<Rc<Realms>>()?;
        realms.by_number.borrow().get(&number)?.upgrade()
    }

    /// Returns the number of the current context's realm.
    pub fn current_number(scope: &mut v8::HandleScope) -> Option<u32> {
        let number = scope.get_current_context().get_embedder_data(scope, REALM)?;
        number.uint32_value(scope)
    }
}

impl Drop for RealmData {
    fn drop(&mut self) {
        self.realms.by_number.borrow_mut().remove(&self.number);
    }
}
