// Package bench measures gke-preflight against what it can't be faster than.
package bench

import (
	"context"
	"os"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/gke-preflight/gke-preflight/gke/controlplane"
	"github.com/gke-preflight/gke-preflight/gke/controlplane/rig"
	"github.com/gke-preflight/gke-preflight/gke/kube"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/testdata/controlplane/bound"
)

func TestMain(m *testing.M) { os.Exit(rig.Main(m)) }

// The bounds: so many times plain lists, in so much memory; and how often each is measured,
// of which the middle one counts.
const (
	mostTimes   = 1.0
	mostCollect = 200
	mostProgram = 300
	rounds      = 3
)

// BenchmarkCollect compares the collection on a large cluster with plain
// parallel paged lists of the same kinds, whose objects are thrown away. Memory
// is that of the collection and of a whole run of the program.
func BenchmarkCollect(b *testing.B) {
	c := rig.Start(b, controlplane.Options{})
	fill(b, c, size{nodes, pods, webhooks})
	client := binary(b, c)
	var plain, collected []time.Duration
	var plainCPU, collectedCPU time.Duration
	var peak int
	b.ResetTimer()
	for range b.N {
		for range rounds {
			before := used(b)
			plain = append(plain, took(func() { listAll(b, client) }))
			between := used(b)
			debug.FreeOSMemory()
			resetPeak(b)
			start := used(b)
			collected = append(collected, took(func() { collect(b, c) }))
			plainCPU, collectedCPU = plainCPU+between-before, collectedCPU+used(b)-start
			peak = max(peak, peakMegabytes(b))
		}
	}
	commands := large(b, c)
	whole, wholePeak := program(b, commands["snapshot"])
	_, checkPeak := program(b, commands["check"])
	recorded, recordedPeak := program(b, commands["check of a recording"])
	named(b, c)
	ratio := median(collected).Seconds() / median(plain).Seconds()
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(median(plain).Seconds(), "plain-s")
	b.ReportMetric(median(collected).Seconds(), "collect-s")
	b.ReportMetric(whole.Seconds(), "snapshot-s")
	b.ReportMetric(float64(wholePeak), "snapshot-MB")
	b.ReportMetric(recorded.Seconds(), "recorded-s")
	b.ReportMetric(ratio, "ratio")
	b.ReportMetric(collectedCPU.Seconds()/plainCPU.Seconds(), "cpu-ratio")
	b.ReportMetric(float64(peak), "collect-MB")
	bound.Hold(b, "reading every fact of 5,000 nodes and 50,000 pods, against plain lists", ratio, mostTimes, "times")
	bound.Hold(b, "the same, by the processor's time of this process", collectedCPU.Seconds()/plainCPU.Seconds(), mostTimes, "times")
	bound.Hold(b, "most memory while reading", float64(peak), mostCollect, "MB")
	bound.Hold(b, "most memory of a whole snapshot", float64(wholePeak), mostProgram, "MB")
	bound.Hold(b, "most memory of a whole check", float64(checkPeak), mostProgram, "MB")
	bound.Hold(b, "most memory of a check of that recording", float64(recordedPeak), mostProgram, "MB")
}

// used is how much of the processor's time this process has had.
func used(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	check(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// binary returns a client that is as quick as clients are: without a rate limit,
// and in protobuf rather than JSON.
func binary(b *testing.B, c *rig.Cluster) kubernetes.Interface {
	b.Helper()
	cfg := rest.CopyConfig(c.Config)
	cfg.ContentType = runtime.ContentTypeProtobuf
	client, err := kubernetes.NewForConfig(cfg)
	check(b, err)
	return client
}

func took(f func()) time.Duration {
	start := time.Now()
	f()
	return time.Since(start)
}

func median(d []time.Duration) time.Duration {
	return slices.Sorted(slices.Values(d))[len(d)/2]
}

func collect(b *testing.B, c *rig.Cluster) {
	b.Helper()
	s := facts.New(facts.Meta{}, kube.Collect(b.Context(), c.Config, kube.Options{})...)
	if got := len(facts.BackendPods.Of(s)); got < pods {
		b.Fatalf("%d pods were collected of %d", got, pods)
	}
	if got := len(facts.NodeLeases.Of(s)); got < nodes {
		b.Fatalf("%d leases were collected of %d", got, nodes)
	}
}

// A lister reads one page of one kind.
type lister func(context.Context, metav1.ListOptions) (metav1.ListInterface, error)

func lists[L metav1.ListInterface](list func(context.Context, metav1.ListOptions) (L, error)) lister {
	return func(ctx context.Context, o metav1.ListOptions) (metav1.ListInterface, error) { return list(ctx, o) }
}

func listAll(b *testing.B, c kubernetes.Interface) {
	b.Helper()
	admission, core, apps, rbac, flow, net := c.AdmissionregistrationV1(), c.CoreV1(), c.AppsV1(), c.RbacV1(), c.FlowcontrolV1(), c.NetworkingV1()
	g, ctx := errgroup.WithContext(b.Context())
	for _, list := range []lister{
		lists(admission.ValidatingWebhookConfigurations().List), lists(admission.MutatingWebhookConfigurations().List),
		lists(admission.ValidatingAdmissionPolicies().List), lists(admission.ValidatingAdmissionPolicyBindings().List),
		lists(admission.MutatingAdmissionPolicies().List), lists(admission.MutatingAdmissionPolicyBindings().List),
		lists(core.Namespaces().List), lists(core.Services("").List), lists(c.DiscoveryV1().EndpointSlices("").List), lists(core.Pods("").List),
		lists(apps.Deployments("").List), lists(apps.StatefulSets("").List), lists(apps.DaemonSets("").List), lists(c.PolicyV1().PodDisruptionBudgets("").List),
		lists(core.Nodes().List), lists(core.PersistentVolumes().List), lists(c.CoordinationV1().Leases("").List),
		lists(rbac.ClusterRoles().List), lists(rbac.ClusterRoleBindings().List), lists(rbac.Roles("").List), lists(rbac.RoleBindings("").List),
		lists(c.SchedulingV1().PriorityClasses().List), lists(flow.FlowSchemas().List), lists(flow.PriorityLevelConfigurations().List),
		lists(net.ServiceCIDRs().List), lists(net.IPAddresses().List),
	} {
		g.Go(func() error { return pages(ctx, list) })
	}
	if err := g.Wait(); err != nil {
		b.Fatal(err)
	}
}

func pages(ctx context.Context, list lister) error {
	for o := (metav1.ListOptions{Limit: 500}); ; {
		page, err := list(ctx, o)
		if err != nil {
			return err
		}
		if o.Continue = page.GetContinue(); o.Continue == "" {
			return nil
		}
	}
}

// resetPeak makes the kernel forget how much memory this process has had.
func resetPeak(b *testing.B) {
	b.Helper()
	if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil {
		b.Fatal(err)
	}
}

func peakMegabytes(b *testing.B) int {
	b.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		b.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		if value, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kilobytes, err := strconv.Atoi(strings.Fields(value)[0])
			if err != nil {
				b.Fatal(err)
			}
			return kilobytes / 1024
		}
	}
	b.Fatal("the kernel does not tell how much memory this process has had")
	return 0
}
