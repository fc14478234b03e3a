//! What is over its budget. The list only shrinks: cut one, and take it off.

use crate::budgets::Exception;

pub const EXCEPTIONS: &[Exception] = &[];
