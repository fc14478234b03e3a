//! A key and a text → their HMAC-SHA256 (RFC 2104, FIPS 180-4): the proof that whoever wrote the
//! text knows the key.
//!
//! The tokens of heartbeats and the signatures of webhooks are made and verified by this code, in
//! the worker and in the command line alike. It never compares in a time that tells how much of a
//! forgery is right.

use base64::Engine as _;
use base64::alphabet::STANDARD as ALPHABET;
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD, STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// The bytes of a MAC.
pub const BYTES: usize = 32;

/// Base64 as `atob` reads it once its padding is gone: bits that the last character has to spare
/// say nothing.
const LENIENT: GeneralPurpose = GeneralPurpose::new(&ALPHABET, NO_PAD.with_decode_allow_trailing_bits(true));

/// The MAC of a text; a key of any length is one, so there always is one.
#[must_use]
pub fn sign(key: &[u8], text: &str) -> Option<[u8; BYTES]> {
    let mac = Hmac::<Sha256>::new_from_slice(key).ok()?.chain_update(text);
    Some(mac.finalize().into_bytes().into())
}

/// Whether `mac` is the MAC of a text. How long that takes does not depend on what is wrong with
/// it.
#[must_use]
pub fn verifies(key: &[u8], text: &str, mac: &[u8; BYTES]) -> bool {
    Hmac::<Sha256>::new_from_slice(key).is_ok_and(|keyed| keyed.chain_update(text).verify_slice(mac).is_ok())
}

/// The MAC of a text, key and result in base64 (RFC 4648 section 4); nothing if the key is not
/// written so. Its padding may be left out.
#[must_use]
pub fn signature(key: &str, text: &str) -> Option<String> {
    let bare = match key.len() % 4 {
        0 => key.strip_suffix("==").or_else(|| key.strip_suffix('=')).unwrap_or(key),
        _ => key,
    };
    Some(STANDARD.encode(sign(&LENIENT.decode(bare).ok()?, text)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Keys, texts and MACs of RFC 4231, section 4.2, 4.3 and 4.7: a usual key, a short one, and
    /// one longer than a block.
    fn published() -> [(Vec<u8>, &'static str, &'static str); 3] {
        [
            (vec![0x0b; 20], "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
            (
                b"Jefe".to_vec(),
                "what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            ),
            (
                vec![0xaa; 131],
                "Test Using Larger Than Block-Size Key - Hash Key First",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            ),
        ]
    }

    fn hex(mac: [u8; BYTES]) -> String {
        mac.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn the_published_macs_come_out_and_verify() {
        for (key, text, mac) in published() {
            let signed = sign(&key, text).unwrap();
            assert_eq!(hex(signed), mac);
            assert!(verifies(&key, text, &signed));
        }
    }

    #[test]
    fn whatever_differs_in_one_bit_does_not_verify() {
        let (key, text) = (b"a key of sixteen", "a text");
        let mac = sign(key, text).unwrap();
        for bit in 0..BYTES * 8 {
            let mut forged = mac;
            forged[bit / 8] ^= 1 << (bit % 8);
            assert!(!verifies(key, text, &forged), "bit {bit}");
        }
        assert!(!verifies(b"a key of sixteeN", text, &mac));
        assert!(!verifies(key, "a texT", &mac));
    }

    /// The example of the specification's own libraries
    /// (<https://github.com/standard-webhooks/standard-webhooks/blob/main/libraries/python/tests/test_webhooks.py>).
    #[test]
    fn a_webhook_is_signed_as_its_receivers_verify() {
        let text = r#"msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{"test": 2432232314}"#;
        let signed = signature("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", text);
        assert_eq!(signed.as_deref(), Some("g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="));
    }

    #[test]
    fn a_key_is_read_with_and_without_padding_and_nothing_else() {
        let of = |key| signature(key, "text");
        assert_eq!(of("AQ=="), of("AQ"));
        assert_eq!(of("AQI="), of("AQI"));
        assert_eq!(of("AR=="), of("AQ=="), "bits to spare say nothing");
        assert_ne!(of("AQ"), of("AQI"));
        for not_base64 in ["A", "AQ=", "AQ===", "=AQ=", "A=Q=", "AQI=AQI=", "A Q=", "AQ-_", "AQ==AQ==", "ä"]
        {
            assert_eq!(of(not_base64), None, "{not_base64}");
        }
    }
}
