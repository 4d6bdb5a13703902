# shellcheck shell=bash
# A Slurm of three nodes on this machine, in a folder of its own, with a munge of its own. As root.
# Sets SLURM_CONF. What is started is ended by its id, by stop_slurm.

slurm_pids=()
declare -A slurm_nodes=()

start_slurm() { # FOLDER
  local folder=$1 node
  install -d -m 700 -o munge -g munge "$folder/munge"
  dd if=/dev/urandom of="$folder/munge/key" bs=128 count=1 status=none
  chown munge:munge "$folder/munge/key"
  chmod 400 "$folder/munge/key"
  # Others have to reach its socket.
  chmod 711 "$folder" "$folder/munge"
  setpriv --reuid=munge --regid=munge --clear-groups munged --foreground --num-threads=2 --key-file="$folder/munge/key" \
    --socket="$folder/munge/socket" --pid-file="$folder/munge/pid" --log-file="$folder/munge/log" \
    --seed-file="$folder/munge/seed" > /dev/null 2>&1 &
  slurm_pids+=($!)
  mkdir -p "$folder/state"
  cat > "$folder/slurm.conf" << END
ClusterName=fleet
SlurmctldHost=$(hostname -s)(127.0.0.1)
SlurmctldPort=17000
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$folder/munge/socket
CredType=cred/munge
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool-%n
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd-%n.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SlurmdParameters=config_overrides
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
SlurmdTimeout=10
KillWait=1
MpiDefault=none
NodeName=n[1-3] NodeHostname=$(hostname -s) NodeAddr=127.0.0.1 Port=[17001-17003] CPUs=2 RealMemory=4096
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
END
  export SLURM_CONF=$folder/slurm.conf
  until_true 20 test -S "$folder/munge/socket" || return
  slurmctld -D > /dev/null 2>&1 &
  slurm_pids+=($!)
  for node in n1 n2 n3; do
    mkdir -p "$folder/spool-$node"
    slurmd -D -N "$node" > /dev/null 2>&1 &
    slurm_pids+=($!)
    slurm_nodes[$node]=$!
  done
  until_true 60 nodes_are_idle 3
}

nodes_are_idle() { # COUNT
  [[ $(sinfo -h -o '%D' -t idle 2>/dev/null | awk '{n += $1} END {print n + 0}') = "$1" ]]
}

until_true() { # SECONDS COMMAND...
  local left=$(($1 * 10))
  shift
  until "$@"; do
    ((--left > 0)) || return 1
    sleep 0.1
  done
}

# Waits until jobs have left the queue.
ended() { # SECONDS JOB...
  local jobs
  jobs=$(IFS=,; echo "${*:2}")
  until_true "$1" left_queue "$jobs"
}

left_queue() { # JOBS
  [[ -z $(squeue -h -t PD,R,CG,S,RQ,CF -j "$1" 2>/dev/null) ]]
}

# STATE and exit status of each task of a job, a line each.
tasks() { # JOB
  scontrol -o show job "$1" | sed -n 's/.*ArrayTaskId=\([0-9]*\) .*JobState=\([A-Z_]*\) .*Restarts=\([0-9]*\) .*ExitCode=\([0-9:]*\) .*/\1 \2 \4 \3/p' | sort -n
}

stop_slurm() {
  local pid
  scancel --state=PENDING,RUNNING -u root 2>/dev/null || true
  for pid in "${slurm_pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  for pid in "${slurm_pids[@]}"; do wait "$pid" 2>/dev/null || true; done
}
