package rig_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/gke-preflight/gke-preflight/gke/controlplane"
	"github.com/gke-preflight/gke-preflight/gke/controlplane/rig"
)

// TestCluster is about what leaves a cluster as it was, all of it on one.
func TestCluster(t *testing.T) {
	t.Parallel()
	c := rig.Start(t, controlplane.Options{})
	v, err := c.Client.Discovery().ServerVersion()
	if err != nil {
		t.Fatal(err)
	}
	if v.GitVersion != "v"+c.First.Version {
		t.Errorf("the API server says that it is %s", v.GitVersion)
	}
	for _, on := range []struct {
		name string
		test func(*testing.T, *rig.Cluster)
	}{
		{"audit of dry-runs", auditsDryRuns}, {"nodes", addsNodes},
		{"behaviours", behaves}, {"bad certificates", refusesCertificates}, {"OPA", freezesOPA},
	} {
		t.Run(on.name, func(t *testing.T) { on.test(t, c) })
	}
}

func TestUpgrade(t *testing.T) {
	t.Parallel()
	c := rig.Start(t, controlplane.Options{})
	out, err := c.Upgrade(t.Context(), rig.Newest(t).Minor(), controlplane.UpgradeOptions{Settle: 2 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	if out.State != controlplane.Ready || len(out.FailedWrites) > 0 {
		t.Errorf("the new API server is %s", out)
	}
	var got []string
	for _, e := range out.Writes {
		got = append(got, withoutHash(controlplane.Describe(e)))
	}
	slices.Sort(got)
	want := []string{
		"create apiservices.apiregistration.k8s.io v1.storagemigration.k8s.io",
		"create clusterrolebindings.rbac.authorization.k8s.io system:cluster-trust-bundle-discovery",
		"create clusterrolebindings.rbac.authorization.k8s.io system:controller:kube-apiserver-serving-clustertrustbundle-publisher",
		"create clusterrolebindings.rbac.authorization.k8s.io system:controller:podcertificaterequestcleaner",
		"create clusterrolebindings.rbac.authorization.k8s.io system:controller:storage-version-migrator-controller",
		"create clusterroles.rbac.authorization.k8s.io system:cluster-trust-bundle-discovery",
		"create clusterroles.rbac.authorization.k8s.io system:controller:kube-apiserver-serving-clustertrustbundle-publisher",
		"create clusterroles.rbac.authorization.k8s.io system:controller:podcertificaterequestcleaner",
		"create clusterroles.rbac.authorization.k8s.io system:controller:storage-version-migrator-controller",
		"create leases.coordination.k8s.io kube-system/apiserver-HASH",
		"delete leases.coordination.k8s.io kube-system/apiserver-HASH",
		"update clusterroles.rbac.authorization.k8s.io system:controller:device-taint-eviction-controller",
		"update clusterroles.rbac.authorization.k8s.io system:controller:node-controller",
		"update clusterroles.rbac.authorization.k8s.io system:kube-scheduler",
		"update clusterroles.rbac.authorization.k8s.io system:node",
		"update configmaps kube-system/extension-apiserver-authentication",
		"update endpoints default/kubernetes",
		"update endpointslices.discovery.k8s.io default/kubernetes",
	}
	if !slices.Equal(got, want) {
		t.Errorf("the new API server wrote\n\t%s\ninstead of\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

func withoutHash(s string) string {
	if before, _, found := strings.Cut(s, "/apiserver-"); found {
		return before + "/apiserver-HASH"
	}
	return s
}

func timeout(seconds int32) func(*admissionregistrationv1.ValidatingWebhook) {
	return func(w *admissionregistrationv1.ValidatingWebhook) { w.TimeoutSeconds = &seconds }
}

func TestCrashLoop(t *testing.T) {
	t.Parallel()
	c := rig.Start(t, controlplane.Options{})
	b, err := c.StartBackend(t.Context(), rig.BackendOptions{Namespace: "hung", Service: "hung"})
	if err != nil {
		t.Fatal(err)
	}
	b.Behave(controlplane.Hang())
	if err := c.Validate(t.Context(), "hung", b.ClientConfig("/"), timeout(1)); err != nil {
		t.Fatal(err)
	}
	out, err := c.Upgrade(t.Context(), rig.Newest(t).Minor(), controlplane.UpgradeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if out.State != controlplane.Exited || out.ExitCode != 255 || out.Hook != "rbac/bootstrap-roles" || out.After < 30*time.Second {
		t.Errorf("the new API server %s: %s", out, out.Fatal)
	}
	if !slices.ContainsFunc(out.FailedWrites, func(f controlplane.FailedWrite) bool {
		return f.Write == "update clusterroles.rbac.authorization.k8s.io system:node" && f.Attempts > 1
	}) {
		t.Errorf("the ClusterRoles are not among the failed writes: %+v", out.FailedWrites)
	}
}

func TestNotReadyYet(t *testing.T) {
	t.Parallel()
	c := rig.Start(t, controlplane.Options{})
	b, err := c.StartBackend(t.Context(), rig.BackendOptions{Namespace: "hung", Service: "hung", Behaviour: controlplane.HangAfterTLS()})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Validate(t.Context(), "hung", b.ClientConfig("/"), timeout(5)); err != nil {
		t.Fatal(err)
	}
	out, err := c.Upgrade(t.Context(), rig.Newest(t).Minor(), controlplane.UpgradeOptions{Bound: 8 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	if out.State != controlplane.NotReady || !slices.Contains(out.Failing, "poststarthook/rbac/bootstrap-roles") {
		t.Errorf("the new API server is %s", out)
	}
}

func TestDegraded(t *testing.T) {
	t.Parallel()
	c := rig.Start(t, controlplane.Options{})
	b, err := c.StartBackend(t.Context(), rig.BackendOptions{Namespace: "no", Service: "no", Behaviour: controlplane.Deny("no", 0)})
	if err != nil {
		t.Fatal(err)
	}
	err = c.Validate(t.Context(), "no", b.ClientConfig("/"), func(w *admissionregistrationv1.ValidatingWebhook) {
		w.Rules[0].Resources = []string{"configmaps"}
	})
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.Upgrade(t.Context(), rig.Newest(t).Minor(), controlplane.UpgradeOptions{Settle: 2 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	if out.State != controlplane.Ready || len(out.FailedWrites) != 1 ||
		out.FailedWrites[0].Write != "update configmaps kube-system/extension-apiserver-authentication" {
		t.Errorf("the new API server is %s", out)
	}
}

func auditsDryRuns(t *testing.T, c *rig.Cluster) {
	for _, dryRun := range [][]string{{metav1.DryRunAll}, nil} {
		_, err := c.Client.CoreV1().ConfigMaps("default").Create(t.Context(), &corev1.ConfigMap{
			ObjectMeta: metav1.ObjectMeta{GenerateName: "c-"},
		}, metav1.CreateOptions{DryRun: dryRun})
		if err != nil {
			t.Fatal(err)
		}
	}
	events, err := c.First.Audit()
	if err != nil {
		t.Fatal(err)
	}
	if got := controlplane.Mutations(events, controlplane.ByUser("admin")); len(got) != 1 || got[0].RequestObject == nil {
		t.Errorf("one create and one dry-run are %d mutations: %+v", len(got), got)
	}
}
