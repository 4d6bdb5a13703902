// SPDX-License-Identifier: GPL-2.0
// Whoever writes a name to this module's parameter crashes the kernel in the way that it names.
#include <linux/kthread.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>

static DEFINE_MUTEX(held);

static noinline void lab_bug(void)
{
	BUG();
}

static noinline void lab_write(unsigned long place)
{
	WRITE_ONCE(*(int *)place, 1);
	barrier();
}

static noinline void lab_unlink(void)
{
	struct list_head head, entry;

	INIT_LIST_HEAD(&head);
	list_add(&entry, &head);
	head.next = &head;
	list_del(&entry);
}

static noinline void lab_free_twice(void)
{
	void *object = kmalloc(64, GFP_KERNEL);

	kfree(object);
	kfree(object);
	barrier();
}

static noinline void lab_spin(void)
{
	preempt_disable();
	for (;;)
		cpu_relax();
}

static noinline void lab_lock_twice(void)
{
	mutex_lock(&held);
	mutex_lock(&held);
	barrier();
}

static int lab_thread(void *unused)
{
	lab_lock_twice();
	return 0;
}

static noinline void lab_warn(void)
{
	WARN_ON(1);
	barrier();
}

static noinline int lab_recurse(int depth)
{
	volatile char room[200];

	room[0] = depth;
	return lab_recurse(depth + 1) + room[0];
}

/* Nobody writes to it, and the compiler does not know that. */
static volatile int nothing;

static noinline int lab_divide(int number)
{
	return number / nothing;
}

static noinline int lab_crash(const char *value, const struct kernel_param *parameter)
{
	int result = 0;

	if (sysfs_streq(value, "bug"))
		lab_bug();
	else if (sysfs_streq(value, "null"))
		lab_write(8);
	else if (sysfs_streq(value, "wild"))
		lab_write(-4096UL);
	else if (sysfs_streq(value, "noncanonical"))
		lab_write(0xdead000000000100UL);
	else if (sysfs_streq(value, "list"))
		lab_unlink();
	else if (sysfs_streq(value, "doublefree"))
		lab_free_twice();
	else if (sysfs_streq(value, "softlockup"))
		lab_spin();
	else if (sysfs_streq(value, "hung"))
		kthread_run(lab_thread, NULL, "lab-hangs");
	else if (sysfs_streq(value, "warn"))
		lab_warn();
	else if (sysfs_streq(value, "overflow"))
		result = lab_recurse(0);
	else if (sysfs_streq(value, "divide"))
		result = lab_divide(value[0]);
	else
		result = -EINVAL;
	/* Or the last call is a jump, and leaves no frame of this function. */
	barrier();
	return result;
}

static const struct kernel_param_ops crash_operations = { .set = lab_crash };
module_param_cb(crash, &crash_operations, NULL, 0200);

MODULE_LICENSE("GPL");
