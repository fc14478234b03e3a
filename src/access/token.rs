//! Tokens of readers and writers: 32 random bytes, written `vdt_` and base64url without padding
//! (RFC 4648 section 5). A deployment holds `name:hash` of each, the SHA-256 (FIPS 180-4) of the
//! token in hexadecimal.
//!
//! A token has 256 bits of chance, so a plain hash is enough: nobody tries them all. Several of
//! them stand side by side, so that a new one is in use before the old one is taken away.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use subtle::{Choice, ConstantTimeEq as _};

use crate::secret::{ExposeSecret as _, Secret, Unusable, Why};
use crate::units::Name;

pub use crate::defaults::access::token::{LONGEST, MOST};

/// What every token begins with, so that whoever finds one knows what it is.
pub const PREFIX: &str = "vdt_";

/// The bytes of a token, and of its hash.
pub const BYTES: usize = 32;

/// The hash of a token.
pub type Hash = [u8; BYTES];

/// The token in a field `Authorization`; nothing if that is of another scheme. One that is too long
/// is an empty one, which is nobody's.
#[must_use]
pub fn bearer(field: &str) -> Option<&str> {
    let (scheme, token) = field.split_once(' ').unwrap_or((field, ""));
    let token = token.trim();
    scheme.eq_ignore_ascii_case("bearer").then_some(if token.len() > LONGEST { "" } else { token })
}

/// The token of these bytes.
#[must_use]
pub fn written(bytes: &[u8; BYTES]) -> String {
    format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))
}

/// The hash of a token.
#[must_use]
pub fn hash(token: &str) -> Hash {
    Sha256::digest(token).into()
}

/// What a secret holds of a token: `ada:9f86d0…`.
#[must_use]
pub fn entry(name: &Name, hash: &Hash) -> String {
    hash.iter().fold(format!("{name}:"), |mut text, byte| {
        // Writing to a text cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The tokens of one secret.
pub struct Hashes(Vec<(Name, Hash)>);

impl Hashes {
    /// Reads a secret: entries with spaces, commas or line ends between them.
    ///
    /// # Errors
    /// It holds something else, nothing, or too many. Nothing of it is repeated.
    pub fn read(name: &str, secret: &Secret) -> Result<Self, Unusable> {
        let texts =
            secret.expose_secret().split([' ', ',', '\n', '\r', '\t']).filter(|text| !text.is_empty());
        let hashes: Option<Vec<_>> = texts.take(MOST.saturating_add(1)).map(read).collect();
        match hashes {
            Some(hashes) if (1..=MOST).contains(&hashes.len()) => Ok(Self(hashes)),
            Some(_) | None => Err(Why::NotTokens(MOST).of(name)),
        }
    }

    /// The hashes of the tokens of a name.
    pub fn of(&self, name: &Name) -> impl Iterator<Item = &Hash> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, hash)| hash)
    }

    /// Whose token has this hash. All are compared, each in full.
    #[must_use]
    pub fn name_of(&self, hash: &Hash) -> Option<Name> {
        let mut found = None;
        for (name, known) in &self.0 {
            let same: Choice = known.as_slice().ct_eq(hash.as_slice());
            if bool::from(same) {
                found = Some(name.clone());
            }
        }
        found
    }
}

fn read(text: &str) -> Option<(Name, Hash)> {
    let (name, hex) = text.split_once(':')?;
    if hex.len() != 2 * BYTES || !hex.bytes().all(|c| c.is_ascii_hexdigit()) {
        return None;
    }
    let mut hash = Hash::default();
    for (at, byte) in hash.iter_mut().enumerate() {
        let start = at.saturating_mul(2);
        *byte = u8::from_str_radix(hex.get(start..start.saturating_add(2))?, 16).ok()?;
    }
    Some((Name::parse(name).ok()?, hash))
}
