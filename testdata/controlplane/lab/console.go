package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"
	"sync/atomic"

	"github.com/gke-preflight/gke-preflight/testdata/controlplane/incident"
)

// A console does what is typed.
type console struct {
	scene     *incident.Scene
	out       io.Writer
	upgrading atomic.Bool
}

// read obeys each line of in, until there are no more.
func (c *console) read(ctx context.Context, in io.Reader) {
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		if err := c.obey(ctx, strings.TrimSpace(lines.Text())); err != nil {
			fmt.Fprintln(c.out, err)
		}
	}
}

func (c *console) obey(ctx context.Context, command string) error {
	switch command {
	case "":
	case "thaw":
		fmt.Fprintln(c.out, "Open Policy Agent answers again.")
		return c.scene.OPA.Thaw()
	case "freeze":
		fmt.Fprintln(c.out, "Open Policy Agent is frozen.")
		return c.scene.OPA.Freeze()
	case "upgrade":
		if c.upgrading.Swap(true) {
			return fmt.Errorf("an upgrade is under way")
		}
		go c.upgrade(ctx)
	default:
		return fmt.Errorf("%q is none of thaw, freeze and upgrade", command)
	}
	return nil
}

func (c *console) upgrade(ctx context.Context) {
	defer c.upgrading.Store(false)
	fmt.Fprintf(c.out, "kube-apiserver %s starts. If it is going to fail, that takes about two minutes …\n", c.scene.Target)
	outcome, err := c.scene.Upgrade(ctx)
	if err != nil {
		fmt.Fprintln(c.out, "It could not be upgraded:", err)
		return
	}
	failed := outcome.FailedWrites
	outcome.FailedWrites = nil
	fmt.Fprintf(c.out, "The new replica: %s\n", outcome)
	for _, f := range failed {
		fmt.Fprintf(c.out, "  failed %d times: %s\n", f.Attempts, f.Write)
	}
	if outcome.Fatal != "" {
		fmt.Fprintf(c.out, "It said last: %s\n", outcome.Fatal)
	}
}
