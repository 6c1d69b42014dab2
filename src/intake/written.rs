//! How the text of a finding is written: in UTF-8, or in UTF-16 as PowerShell writes what a command says.

use super::IntakeError;

/// The text of a file.
///
/// # Errors
/// It is neither UTF-8 nor UTF-16 behind its mark. What has zeros in it is neither, such as UTF-16 without one.
pub fn text(written: Vec<u8>) -> Result<String, IntakeError> {
    let of: fn([u8; 2]) -> u16 = match written.get(..2) {
        Some([0xff, 0xfe]) => u16::from_le_bytes,
        Some([0xfe, 0xff]) => u16::from_be_bytes,
        _ => {
            let text = String::from_utf8(written).map_err(|_| IntakeError::NotText)?;
            return match text.contains('\0') {
                true => Err(IntakeError::NotText),
                false => Ok(text),
            };
        }
    };
    let (pairs, rest) = written.as_chunks::<2>();
    let units: Vec<u16> = pairs.iter().skip(1).map(|pair| of(*pair)).collect();
    match String::from_utf16(&units) {
        // Half a letter at the end is of a text that was cut off.
        Ok(text) if rest.is_empty() && !text.contains('\0') => Ok(text),
        _ => Err(IntakeError::NotText),
    }
}
