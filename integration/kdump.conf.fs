# /etc/kdump.conf (Fedora, RHEL and relatives): the dump goes to a file system or NFS.
# Leave the lines that name the target as they are. After a change: kdumpctl restart
# Run on 2026-11-28 with kdump-utils 1.0.61 and dracut 059 in a Debian 12 (Linux 6.1.0-50), to its root file system; not on
# Fedora or RHEL, not to NFS. Where dracut takes no grep along, as there, kdump's script cannot read this file and runs its
# default, makedumpfile: add   extra_bins /usr/bin/grep
path /var/crash
core_collector vmsieve -l --message-level 7 -d 31
