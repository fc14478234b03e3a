#!/usr/bin/env bash
# `lto = true` does nothing to a wasm library whose crate-type has "rlib" beside "cdylib", and cargo
# does not say so; what the library depends on is compiled to bitcode for it all the same.
#
# Expected: `crate-type = ["cdylib", "rlib"]`, as templates of wasm libraries have it, so that tests
#   can link the library, changes nothing about the wasm, or cargo says what it leaves out.
# Happens:  the wasm is as large as without lto, and a good deal larger than with `cdylib` alone.
#   There is no warning.
# Versions: cargo and rustc 1.95.0, target wasm32-unknown-unknown, serde_json 1.0.154.
# Matters:  who watches the size and start-up of a worker believes to have link-time optimisation.
#   `cargo rustc --crate-type cdylib` has it.
# Source:   The Cargo book, profiles: lto; rust-lang/cargo issues 4611 and 9672, rust-lang/rust
#   issue 51009.
#
# Exit code: 0 as stated, 1 otherwise now, 2 not set up.
set -u
stop() { echo "not set up: $1" >&2; exit 2; }
dir=$(mktemp -d) || stop "no temporary folder"
trap 'rm -rf "$dir"' EXIT
cd "$dir" || stop "no temporary folder"
export RUSTUP_TOOLCHAIN=1.95.0 CARGO_TARGET_DIR="$dir/target"
rustc --version > version.txt 2>&1 && rustc --print target-libdir --target wasm32-unknown-unknown > libdir.txt 2>&1 \
  && [ -d "$(cat libdir.txt)" ] || stop "Rust 1.95.0 with wasm32-unknown-unknown is missing (rustup)"

mkdir src
cat > src/lib.rs <<'END'
/// How many members a JSON text of this address and length has, or -1.
#[no_mangle]
pub extern "C" fn members(text: *const u8, length: usize) -> i32 {
    let text = unsafe { std::slice::from_raw_parts(text, length) };
    match serde_json::from_slice::<serde_json::Value>(text) {
        Ok(serde_json::Value::Object(all)) => all.len() as i32,
        _ => -1,
    }
}
END

# build CRATE-TYPES LTO: the bytes of the wasm; what cargo said is in said.txt.
build() {
  cat > Cargo.toml <<END
[package]
name = "members"
version = "0.1.0"
edition = "2021"
[lib]
crate-type = $1
[dependencies]
serde_json = "=1.0.154"
[profile.release]
opt-level = "z"
codegen-units = 1
panic = "abort"
lto = $2
END
  timeout 120 cargo build --quiet --release --target wasm32-unknown-unknown > said.txt 2>&1 || return 1
  wc -c < target/wasm32-unknown-unknown/release/members.wasm
}

cat version.txt
echo "expected: what is asked for, or a word on why not"
without=$(build '["cdylib", "rlib"]' '"off"') || stop "cargo build"
beside=$(build '["cdylib", "rlib"]' true) || stop "cargo build"
said=$(cat said.txt)
alone=$(build '["cdylib"]' true) || stop "cargo build"
echo "cdylib and rlib, lto off:  $without bytes"
echo "cdylib and rlib, lto true: $beside bytes, cargo said: ${said:-nothing}"
echo "cdylib alone, lto true:    $alone bytes"
if [ -z "$said" ] && [ $((beside * 100)) -gt $((without * 98)) ] && [ $((alone * 100)) -lt $((beside * 90)) ]; then
  echo "happens:  nothing, in silence"
else
  echo "CHANGED:  it is optimised, or cargo says something"
  exit 1
fi
