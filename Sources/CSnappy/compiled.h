// What a libsnappy that packaging/build-snappy made calls its functions: the system's library may come before it on the linker's command
// line, as -L of other packages does.
#pragma redefine_extname snappy_compress compiled_snappy_compress
#pragma redefine_extname snappy_uncompress compiled_snappy_uncompress
#pragma redefine_extname snappy_max_compressed_length compiled_snappy_max_compressed_length
#pragma redefine_extname snappy_uncompressed_length compiled_snappy_uncompressed_length
#pragma redefine_extname snappy_validate_compressed_buffer compiled_snappy_validate_compressed_buffer
