#include <lzo/lzo1x.h>

// Macros that call or cast are not imported: lzo_init() checks the sizes of the caller's C types.
static inline int clzo_init(void) { return lzo_init(); }
enum { clzo_lzo1x_1_work_memory = LZO1X_1_MEM_COMPRESS };
