//! From events to the family of credentials: who minted what, what is alive, what the evidence cannot tell.
