package rig

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/gke-preflight/gke-preflight/gke/controlplane"
)

// What stops a process and lets it go on.
const (
	freeze = syscall.SIGSTOP
	thaw   = syscall.SIGCONT
)

// enter runs program inside the namespace: at once if this process is inside
// already, else in a child that is the first process there, so that the kernel
// ends all others with it. The error says why there is no namespace.
//
// What outside returns, if it is not nil, the child finds as its file
// descriptors from 3 on.
func enter(program func() int, outside func() ([]*os.File, error)) (int, error) {
	if code, failed := controlplane.Become(); failed {
		return code, nil
	}
	switch os.Getenv(stateEnv) {
	case inside:
		return program(), nil
	case entering:
		if err := bringUpNetwork(); err != nil {
			return 0, err
		}
		mountProc()
		for i := range listeners {
			unix.CloseOnExec(3 + i)
		}
		if err := os.Setenv(stateEnv, inside); err != nil {
			return 0, err
		}
		return program(), nil
	}
	cmd := exec.Command("/proc/self/exe", os.Args[1:]...)
	cmd.Args[0] = os.Args[0]
	if outside != nil {
		var err error
		if cmd.ExtraFiles, err = outside(); err != nil {
			return 0, err
		}
	}
	cmd.Env = append(os.Environ(), stateEnv+"="+entering, fmt.Sprintf("%s=%d", outsideEnv, len(cmd.ExtraFiles)))
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET | syscall.CLONE_NEWPID | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
		Pdeathsig:   syscall.SIGKILL,
	}
	return runToEnd(cmd)
}

// runToEnd passes on the signals that this process is sent.
func runToEnd(cmd *exec.Cmd) (int, error) {
	runtime.LockOSThread() // the child gets its death signal when the thread that started it ends
	defer runtime.UnlockOSThread()
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGQUIT)
	defer close(signals)
	defer signal.Stop(signals)
	if err := cmd.Start(); err != nil {
		return 0, fmt.Errorf("no user namespace to be had: %w", err)
	}
	go func() {
		for s := range signals {
			_ = cmd.Process.Signal(s)
		}
	}()
	_ = cmd.Wait()
	if cmd.ProcessState.Exited() {
		return cmd.ProcessState.ExitCode(), nil
	}
	fmt.Fprintln(os.Stderr, "rig:", cmd.ProcessState)
	return 1, nil
}

// bringUpNetwork puts 10.77.0.1/16 on the loopback device, which makes every
// address of that network local.
func bringUpNetwork() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	lo, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	lo.SetUint16(unix.IFF_UP | unix.IFF_RUNNING | unix.IFF_LOOPBACK)
	if err := unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, lo); err != nil {
		return fmt.Errorf("the user namespace may not bring up its loopback device: %w", err)
	}
	for _, set := range []struct {
		request uint
		value   [4]byte
	}{{unix.SIOCSIFADDR, [4]byte{10, 77, 0, 1}}, {unix.SIOCSIFNETMASK, [4]byte{255, 255, 0, 0}}} {
		alias, err := unix.NewIfreq("lo:77")
		if err != nil {
			return err
		}
		if err := alias.SetInet4Addr(set.value[:]); err != nil {
			return err
		}
		if err := unix.IoctlIfreq(fd, set.request, alias); err != nil {
			return fmt.Errorf("the user namespace may not add an address to its loopback device: %w", err)
		}
	}
	return nil
}

// mountProc makes /proc show this namespace's processes. Some container runtimes
// don't allow it; all that is lost then is the ability to do all this once more
// inside.
func mountProc() {
	if unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, "") == nil {
		_ = unix.Mount("proc", "/proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, "")
	}
}
