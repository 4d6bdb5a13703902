#include <nettle/aes.h>
#include <nettle/sha2.h>
