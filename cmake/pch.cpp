// Compiles the precompiled header that all compiler sources share.
