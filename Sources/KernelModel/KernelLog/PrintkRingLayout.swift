internal import DumpMemory

/// Where the members of printk's ring are: offsets in bytes, those of nested structures added up.
struct PrintkRingLayout {
  let descriptorRing: Int
  let textRing: Int
  let countBits: Int
  let descriptors: Int
  let informations: Int
  let head: Int
  let tail: Int
  let descriptorSize: Int
  let state: Int
  let begin: Int
  let end: Int
  let sizeBits: Int
  let texts: Int
  let informationSize: Int
  let sequence: Int?
  let time: Int
  let textLength: Int
  let caller: Int?

  init(_ info: VMCOREINFO) throws(KernelError) {
    // `atomic_long_t` is a structure of one member.
    let counter = info.offset("atomic_long_t.counter") ?? 0
    descriptorRing = try info.logOffset("printk_ringbuffer.desc_ring")
    textRing = try info.logOffset("printk_ringbuffer.text_data_ring")
    countBits = try info.logOffset("prb_desc_ring.count_bits")
    descriptors = try info.logOffset("prb_desc_ring.descs")
    informations = try info.logOffset("prb_desc_ring.infos")
    head = try info.logOffset("prb_desc_ring.head_id") + counter
    tail = try info.logOffset("prb_desc_ring.tail_id") + counter
    descriptorSize = try info.logSize("prb_desc")
    state = try info.logOffset("prb_desc.state_var") + counter
    let place = try info.logOffset("prb_desc.text_blk_lpos")
    begin = place + (try info.logOffset("prb_data_blk_lpos.begin"))
    end = place + (try info.logOffset("prb_data_blk_lpos.next"))
    sizeBits = try info.logOffset("prb_data_ring.size_bits")
    texts = try info.logOffset("prb_data_ring.data")
    informationSize = try info.logSize("printk_info")
    sequence = info.offset("printk_info.seq")
    time = try info.logOffset("printk_info.ts_nsec")
    textLength = try info.logOffset("printk_info.text_len")
    caller = info.offset("printk_info.caller_id")
  }
}
