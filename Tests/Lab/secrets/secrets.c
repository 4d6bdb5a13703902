// Puts keys that nobody else has into the first kernel, and writes them, as digits, to the file that is named. Then it sleeps until the
// crash, with all that it opened. `files' as second argument leaves out what is no file.
//
// What the kernel refuses fails the machine: a key that is not there proves nothing.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/dm-ioctl.h>
#include <linux/genetlink.h>
#include <linux/if_alg.h>
#include <linux/if_link.h>
#include <linux/keyctl.h>
#include <linux/rtnetlink.h>
#include <linux/tls.h>
#include <linux/wireguard.h>
#include <linux/xfrm.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef TCP_ULP
#define TCP_ULP 31
#endif
#ifndef SOL_TLS
#define SOL_TLS 282
#endif

typedef unsigned char byte;

static FILE *list;

static void need(int works, const char *what) {
  if (works) return;
  fprintf(stderr, "%s: %s\n", what, strerror(errno));
  exit(1);
}

static void note(const char *name, const byte *key, size_t size) {
  fprintf(list, "%s ", name);
  for (size_t i = 0; i < size; i++) fprintf(list, "%02x", key[i]);
  fprintf(list, "\n");
}

// Bytes that nobody else has, and their line in the list.
static void invent(const char *name, byte *key, size_t size) {
  need(getrandom(key, size, 0) == (ssize_t)size, "getrandom");
  note(name, key, size);
}

// Text of digits, as it is found in memory.
static void invent_text(const char *name, char *text, size_t size) {
  byte key[96];
  need(size <= sizeof key && getrandom(key, size, 0) == (ssize_t)size, "getrandom");
  for (size_t i = 0; i < size; i++)
    text[i] = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"[key[i] & 63];
  note(name, (byte *)text, size);
}

// ---- Keyrings

static void add_key(const char *type, const char *description, const byte *payload, size_t size) {
  need(syscall(SYS_add_key, type, description, payload, size, KEY_SPEC_PROCESS_KEYRING) > 0, type);
}

static void keyrings(void) {
  byte key[48];
  invent("key:user", key, 48);
  add_key("user", "lab:user", key, 48);
  invent("key:logon", key, 32);
  add_key("logon", "lab:logon", key, 32);
  invent("key:master", key, 32);
  add_key("user", "lab:master", key, 32);
  const char *made = "new user:lab:master 32";
  add_key("encrypted", "lab:encrypted", (const byte *)made, strlen(made));
}

// ---- dm-crypt

static void mapper(int control, unsigned command, const char *name, const char *table, unsigned flags) {
  static union { struct dm_ioctl head; byte bytes[4096]; } call;
  memset(&call, 0, sizeof call);
  call.head.version[0] = DM_VERSION_MAJOR;
  call.head.data_size = sizeof call;
  call.head.data_start = sizeof call.head;
  call.head.flags = flags;
  strcpy(call.head.name, name);
  if (table) {
    struct dm_target_spec *target = (struct dm_target_spec *)(call.bytes + sizeof call.head);
    call.head.target_count = 1;
    target->length = 16384;
    strcpy(target->target_type, "crypt");
    strcpy((char *)(target + 1), table);
  }
  need(ioctl(control, command, &call) == 0, name);
}

static void volume(int control, const char *name, const char *cipher, size_t size, int disk) {
  byte key[64];
  char table[512], path[64];
  invent(name, key, size);
  int at = sprintf(table, "%s ", cipher);
  for (size_t i = 0; i < size; i++) at += sprintf(table + at, "%02x", key[i]);
  sprintf(table + at, " 0 /dev/ram%d 0", disk);
  mapper(control, DM_DEV_CREATE, name, 0, 0);
  mapper(control, DM_TABLE_LOAD, name, table, 0);
  mapper(control, DM_DEV_SUSPEND, name, 0, 0);
  // The key is used.
  sprintf(path, "/dev/dm-%d", disk - 14);
  static byte block[65536];
  int file = open(path, O_RDWR);
  need(file >= 0, path);
  need(write(file, block, sizeof block) == sizeof block && fsync(file) == 0, path);
}

static void volumes(void) {
  int control = open("/dev/mapper/control", O_RDWR);
  need(control >= 0, "/dev/mapper/control");
  volume(control, "dm-crypt:xts", "aes-xts-plain64", 64, 14);
  volume(control, "dm-crypt:cbc", "aes-cbc-essiv:sha256", 32, 15);
}

// ---- The crypto API and TLS

static void transform(void) {
  byte key[32];
  struct sockaddr_alg name = {.salg_family = AF_ALG, .salg_type = "skcipher", .salg_name = "cbc(aes)"};
  int file = socket(AF_ALG, SOCK_SEQPACKET, 0);
  need(file >= 0 && bind(file, (struct sockaddr *)&name, sizeof name) == 0, "AF_ALG");
  invent("crypto:cbc", key, sizeof key);
  need(setsockopt(file, SOL_ALG, ALG_SET_KEY, key, sizeof key) == 0, "ALG_SET_KEY");
}

static void connection(void) {
  struct ifreq loopback = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
  struct sockaddr_in place = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(4433)};
  int listener = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
  need(ioctl(client, SIOCSIFFLAGS, &loopback) == 0, "lo");
  need(bind(listener, (struct sockaddr *)&place, sizeof place) == 0 && listen(listener, 1) == 0, "listen");
  need(connect(client, (struct sockaddr *)&place, sizeof place) == 0, "connect");
  int server = accept(listener, 0, 0);
  struct tls12_crypto_info_aes_gcm_256 info = {.info = {TLS_1_3_VERSION, TLS_CIPHER_AES_GCM_256}};
  invent("tls:key", info.key, sizeof info.key);
  need(setsockopt(client, IPPROTO_TCP, TCP_ULP, "tls", 4) == 0, "TCP_ULP");
  need(setsockopt(server, IPPROTO_TCP, TCP_ULP, "tls", 4) == 0, "TCP_ULP");
  need(setsockopt(client, SOL_TLS, TLS_TX, &info, sizeof info) == 0, "TLS_TX");
  need(setsockopt(server, SOL_TLS, TLS_RX, &info, sizeof info) == 0, "TLS_RX");
  char text[16] = "not a secret";
  need(send(client, text, sizeof text, 0) == sizeof text, "send");
  need(recv(server, text, sizeof text, 0) == sizeof text, "recv");
}

// ---- Netlink: IPsec, WireGuard

struct message {
  struct nlmsghdr head;
  byte body[2048];
};

static void *append(struct message *message, const void *data, size_t size) {
  void *place = (byte *)message + NLMSG_ALIGN(message->head.nlmsg_len);
  memcpy(place, data, size);
  message->head.nlmsg_len = NLMSG_ALIGN(message->head.nlmsg_len) + size;
  return place;
}

static struct rtattr *attribute(struct message *message, int type, const void *data, size_t size) {
  struct rtattr head = {.rta_len = RTA_LENGTH(size), .rta_type = type};
  struct rtattr *place = append(message, &head, sizeof head);
  append(message, data, size);
  return place;
}

static void end(struct message *message, struct rtattr *nest) {
  // What ends with padding has it inside.
  message->head.nlmsg_len = NLMSG_ALIGN(message->head.nlmsg_len);
  nest->rta_len = (byte *)message + message->head.nlmsg_len - (byte *)nest;
}

// The answer stays in the message.
static void tell(int family, struct message *message, const char *what) {
  int file = socket(AF_NETLINK, SOCK_RAW, family);
  need(file >= 0, what);
  message->head.nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
  need(send(file, message, message->head.nlmsg_len, 0) >= 0, what);
  ssize_t got = recv(file, message, sizeof *message, 0);
  need(got >= (ssize_t)NLMSG_LENGTH(0), what);
  if (message->head.nlmsg_type == NLMSG_ERROR) {
    errno = -((struct nlmsgerr *)NLMSG_DATA(&message->head))->error;
    need(errno == 0, what);
  }
  close(file);
}

static struct message begin(int type, const void *data, size_t size) {
  struct message message = {.head = {.nlmsg_len = NLMSG_LENGTH(0), .nlmsg_type = type}};
  append(&message, data, size);
  return message;
}

static struct xfrm_usersa_info association(int spi) {
  struct xfrm_usersa_info info = {
    .family = AF_INET, .id = {.spi = htonl(spi), .proto = IPPROTO_ESP, .daddr.a4 = htonl(0x0a000001)},
    .saddr.a4 = htonl(0x0a000002), .mode = XFRM_MODE_TUNNEL, .reqid = spi, .replay_window = 32,
    .lft = {XFRM_INF, XFRM_INF, XFRM_INF, XFRM_INF}};
  return info;
}

static void ipsec(void) {
  struct { struct xfrm_algo_aead head; byte key[36]; } aead = {{"rfc4106(gcm(aes))", 36 * 8, 128}};
  struct xfrm_usersa_info info = association(0x1001);
  struct message message = begin(XFRM_MSG_NEWSA, &info, sizeof info);
  invent("ipsec:aead", aead.key, 36);
  attribute(&message, XFRMA_ALG_AEAD, &aead, sizeof aead);
  tell(NETLINK_XFRM, &message, "XFRMA_ALG_AEAD");

  struct { struct xfrm_algo head; byte key[32]; } cipher = {{"cbc(aes)", 32 * 8}};
  struct { struct xfrm_algo_auth head; byte key[32]; } hash = {{"hmac(sha256)", 32 * 8, 128}};
  info = association(0x1002);
  message = begin(XFRM_MSG_NEWSA, &info, sizeof info);
  invent("ipsec:cbc", cipher.key, 32);
  invent("ipsec:hmac", hash.key, 32);
  attribute(&message, XFRMA_ALG_CRYPT, &cipher, sizeof cipher);
  attribute(&message, XFRMA_ALG_AUTH_TRUNC, &hash, sizeof hash);
  tell(NETLINK_XFRM, &message, "XFRMA_ALG_CRYPT");
}

static void wireguard(void) {
  struct ifinfomsg link = {.ifi_family = AF_UNSPEC};
  struct message message = begin(RTM_NEWLINK, &link, sizeof link);
  message.head.nlmsg_flags = NLM_F_CREATE | NLM_F_EXCL;
  attribute(&message, IFLA_IFNAME, "wg0", 4);
  struct rtattr *nest = attribute(&message, IFLA_LINKINFO, 0, 0);
  attribute(&message, IFLA_INFO_KIND, "wireguard", 10);
  end(&message, nest);
  tell(NETLINK_ROUTE, &message, "a link of kind wireguard");

  struct genlmsghdr call = {.cmd = CTRL_CMD_GETFAMILY, .version = 1};
  message = begin(GENL_ID_CTRL, &call, sizeof call);
  attribute(&message, CTRL_ATTR_FAMILY_NAME, WG_GENL_NAME, sizeof WG_GENL_NAME);
  tell(NETLINK_GENERIC, &message, "the family wireguard");
  unsigned short family = 0;
  struct rtattr *at = (struct rtattr *)((byte *)NLMSG_DATA(&message.head) + GENL_HDRLEN);
  int left = message.head.nlmsg_len - NLMSG_LENGTH(GENL_HDRLEN);
  for (; RTA_OK(at, left); at = RTA_NEXT(at, left))
    if (at->rta_type == CTRL_ATTR_FAMILY_ID) family = *(unsigned short *)RTA_DATA(at);
  need(family != 0, "the family wireguard");

  byte own[32], peer[32], shared[32];
  need(getrandom(own, sizeof own, 0) == sizeof own, "getrandom");
  // As curve25519 has it: else the kernel does that, and it is another number.
  own[0] &= 248;
  own[31] = (own[31] & 127) | 64;
  note("wireguard:private", own, sizeof own);
  invent("wireguard:preshared", shared, sizeof shared);
  need(getrandom(peer, sizeof peer, 0) == sizeof peer, "getrandom");
  call = (struct genlmsghdr){.cmd = WG_CMD_SET_DEVICE, .version = WG_GENL_VERSION};
  message = begin(family, &call, sizeof call);
  attribute(&message, WGDEVICE_A_IFNAME, "wg0", 4);
  attribute(&message, WGDEVICE_A_PRIVATE_KEY, own, sizeof own);
  struct rtattr *peers = attribute(&message, WGDEVICE_A_PEERS | NLA_F_NESTED, 0, 0);
  struct rtattr *one = attribute(&message, 0 | NLA_F_NESTED, 0, 0);
  attribute(&message, WGPEER_A_PUBLIC_KEY, peer, sizeof peer);
  attribute(&message, WGPEER_A_PRESHARED_KEY, shared, sizeof shared);
  end(&message, one);
  end(&message, peers);
  tell(NETLINK_GENERIC, &message, "WG_CMD_SET_DEVICE");
}

// ---- Files

static void files(void) {
  char line[256] = "root:$6$", copy[4096];
  mkdir("/etc", 0755);
  int file = open("/etc/shadow", O_RDWR | O_CREAT, 0600);
  need(file >= 0, "/etc/shadow");
  invent_text("file:shadow", line + 8, 86);
  strcpy(line + 94, ":19000:0:99999:7:::\n");
  need(write(file, line, strlen(line)) == (ssize_t)strlen(line), "/etc/shadow");
  need(pread(file, copy, sizeof copy, 0) == (ssize_t)strlen(line), "/etc/shadow");
  close(file);
}

// A page of 2 MiB in the cache, which kernels describe in other ways than one of 4 KiB, and each in its own.
static void huge_file(void) {
  const char *path = "/root/.ssh/id_huge";
  char line[128];
  long size = 0;
  byte key[64];
  mkdir("/root", 0700);
  mkdir("/root/.ssh", 0700);
  need(mount("tmpfs", "/root/.ssh", "tmpfs", 0, "size=8m,huge=always") == 0, "tmpfs");
  int file = open(path, O_RDWR | O_CREAT, 0600);
  need(file >= 0, path);
  invent("file:huge", key, sizeof key);
  need(pwrite(file, key, sizeof key, 300 * 4096 + 100) == sizeof key, path);
  close(file);
  // Else what processors have counted by themselves is not in it.
  int refresh = open("/proc/sys/vm/stat_refresh", O_WRONLY);
  need(refresh >= 0 && write(refresh, "1", 1) == 1, "/proc/sys/vm/stat_refresh");
  close(refresh);
  FILE *memory = fopen("/proc/meminfo", "r");
  need(memory != 0, "/proc/meminfo");
  while (size == 0 && fgets(line, sizeof line, memory)) sscanf(line, "ShmemHugePages: %ld", &size);
  fclose(memory);
  need(size == 2048, "a page of 2 MiB in a tmpfs");
}

int main(int count, char **arguments) {
  need(count == 2 || (count == 3 && strcmp(arguments[2], "files") == 0), "a file's name, and perhaps `files'");
  list = fopen(arguments[1], "w");
  need(list != 0, arguments[1]);
  if (count == 2) {
    keyrings();
    volumes();
    transform();
    connection();
    ipsec();
    wireguard();
  }
  files();
  huge_file();
  need(fclose(list) == 0, arguments[1]);
  // What is open stays open, and the process's keyring stays.
  printf("ready\n");
  fflush(stdout);
  for (;;) pause();
}
