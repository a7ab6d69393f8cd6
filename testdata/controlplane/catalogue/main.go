package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/gke-preflight/gke-preflight/testdata/controlplane"
)

func main() { os.Exit(controlplane.Enter(run)) }

func run() int {
	dir, _ := os.MkdirTemp("", "x")
	c, err := controlplane.New(context.Background(), dir, controlplane.Options{Minor: "1.35"})
	if err != nil {
		fmt.Println(err)
		return 1
	}
	defer c.Stop()
	time.Sleep(25 * time.Second)
	ev, err := c.First.Audit()
	dump("/tmp/explore/fresh35.json", controlplane.Mutations(ev, controlplane.Loopback))
	out, err := c.Upgrade(context.Background(), "1.36", controlplane.UpgradeOptions{Settle: 25 * time.Second})
	fmt.Println(out, err)
	dump("/tmp/explore/up36.json", out.Writes)
	return 0
}

func dump(f string, v any) {
	b, _ := json.MarshalIndent(v, "", " ")
	os.WriteFile(f, b, 0o644)
}
