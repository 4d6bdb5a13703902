# /etc/kdump.conf (Fedora, RHEL and relatives): the dump goes to a file system or NFS.
# Leave the lines that name the target as they are. After a change: kdumpctl restart
path /var/crash
core_collector vmsieve -l --message-level 7 -d 31
