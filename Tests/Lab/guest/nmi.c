// SPDX-License-Identifier: GPL-2.0
// Writing a processor's number to this module's parameter hangs that processor where no interrupt reaches it, inside an NMI,
// and then panics inside an NMI of the processor that writes.
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/smp.h>
#include <asm/apic.h>
#include <asm/nmi.h>

static int hanging = -1, dying = -1;
static bool hangs;

static int nmi(unsigned int type, struct pt_regs *regs)
{
	int processor = raw_smp_processor_id();

	if (processor == READ_ONCE(hanging)) {
		WRITE_ONCE(hangs, true);
		for (;;)
			cpu_relax();
	}
	if (processor == READ_ONCE(dying))
		nmi_panic(regs, "lab: panic inside an NMI");
	return NMI_DONE;
}

static int crash(const char *value, const struct kernel_param *parameter)
{
	int error, wait, processor;

	error = kstrtoint(value, 0, &processor);
	if (error)
		return error;
	if (processor < 0 || !cpu_online(processor) || processor == get_cpu())
		return -EINVAL;
	WRITE_ONCE(hanging, processor);
	apic->send_IPI(processor, NMI_VECTOR);
	for (wait = 0; wait < 1000 && !READ_ONCE(hangs); wait++)
		mdelay(1);
	if (!READ_ONCE(hangs))
		return -ETIMEDOUT;
	WRITE_ONCE(dying, smp_processor_id());
	apic->send_IPI(smp_processor_id(), NMI_VECTOR);
	mdelay(5000);
	return -ETIMEDOUT;
}

static const struct kernel_param_ops crash_operations = { .set = crash };
module_param_cb(crash, &crash_operations, NULL, 0200);

static int __init nmi_init(void)
{
	return register_nmi_handler(NMI_LOCAL, nmi, 0, "lab");
}

static void __exit nmi_exit(void)
{
	unregister_nmi_handler(NMI_LOCAL, "lab");
}

module_init(nmi_init);
module_exit(nmi_exit);
MODULE_LICENSE("GPL");
