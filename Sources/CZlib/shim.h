#include <stdlib.h>
#include <zlib.h>

// Macros are not imported, and a z_stream must stay where it was initialised. Null where there is no memory.
static inline z_stream *czlib_make_compressor(int level, int window_bits, int memory_level) {
  z_stream *stream = (z_stream *)calloc(1, sizeof *stream);
  if (stream && deflateInit2(stream, level, Z_DEFLATED, window_bits, memory_level, Z_DEFAULT_STRATEGY) != Z_OK) {
    free(stream);
    return NULL;
  }
  return stream;
}

static inline void czlib_free_compressor(z_stream *stream) {
  deflateEnd(stream);
  free(stream);
}

static inline z_stream *czlib_make_decompressor(void) {
  z_stream *stream = (z_stream *)calloc(1, sizeof *stream);
  if (stream && inflateInit(stream) != Z_OK) {
    free(stream);
    return NULL;
  }
  return stream;
}

static inline void czlib_free_decompressor(z_stream *stream) {
  inflateEnd(stream);
  free(stream);
}

// zlib's input is not const unless ZLIB_CONST is defined.
static inline void czlib_set_buffers(
    z_stream *stream, const void *input, unsigned input_size, void *output, unsigned output_size) {
  stream->next_in = (Bytef *)(void *)input;
  stream->avail_in = input_size;
  stream->next_out = (Bytef *)output;
  stream->avail_out = output_size;
}
