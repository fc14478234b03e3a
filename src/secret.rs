//! What a secret holds, and why one cannot be used. Neither is ever printed: a [`Secret`] has no
//! text of its own for logs and answers. An [`Unusable`] names the secret and says nothing of what
//! it holds.

pub use secrecy::{ExposeSecret, SecretString as Secret};

use crate::config::{MAX_ADDRESS, ProbeValue};

/// Why a secret cannot be used, by its name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the secret {name} {why}")]
pub struct Unusable {
    /// The name that the configuration gives it.
    pub name: String,
    /// What is wrong with it.
    pub why: Why,
}

/// What is wrong with a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    /// The deployment has none of this name.
    #[error("is not set")]
    NotSet,
    /// The command line looks for it elsewhere than the worker.
    #[error("is not set in the environment")]
    NotInEnvironment,
    /// A header field would carry nothing.
    #[error("is empty")]
    Empty,
    /// A header field carries no such text (RFC 9110 section 5.5).
    #[error("has characters other than visible ASCII, which header fields do not carry")]
    NotAscii,
    /// It could be guessed.
    #[error("is shorter than {0} bytes")]
    TooShort(usize),
    /// It is not written as the Standard Webhooks specification has it.
    #[error("is not a signing key (whsec_ and 24 to 64 bytes in base64)")]
    NotAKey,
    /// What follows `whsec_` is no base64.
    #[error("is not base64")]
    NotBase64,
    /// It is to hold tokens of readers or writers.
    #[error(
        "does not hold what vedette token prints for it (name:hash, at most {0} of them, with spaces between)"
    )]
    NotTokens(usize),
    /// It is where messages are posted, and no address.
    #[error("is not an address (https://…, without a user name, at most {MAX_ADDRESS} bytes)")]
    NotAnAddress,
}

impl Why {
    /// This of the secret of a name.
    #[must_use]
    pub fn of(self, name: &str) -> Unusable {
        Unusable { name: name.to_owned(), why: self }
    }
}

/// What a value of the configuration stands for; `secret` gives what the secret of a name holds.
///
/// # Errors
/// What `secret` says.
pub fn revealed(
    value: &ProbeValue,
    secret: impl FnOnce(&str) -> Result<Secret, Unusable>,
) -> Result<Secret, Unusable> {
    match value {
        ProbeValue::Text(text) => Ok(Secret::from(text.as_str())),
        ProbeValue::Secret(name) => secret(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_print_of_a_secret_has_what_it_holds() {
        let secret = Secret::from("canary");
        assert_eq!(secret.expose_secret(), "canary");
        let value = ProbeValue::Secret("TOKEN".to_owned());
        let held = revealed(&value, |name| {
            assert_eq!(name, "TOKEN");
            Ok(secret.clone())
        });
        for printed in [format!("{secret:?}"), format!("{held:?}")] {
            assert!(!printed.contains("canary"), "{printed}");
        }
    }

    #[test]
    fn what_is_wrong_names_the_secret() {
        let unusable = Why::TooShort(16).of("KEY");
        assert_eq!(unusable.to_string(), "the secret KEY is shorter than 16 bytes");
    }
}
