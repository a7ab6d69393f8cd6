package terraform

import (
	"fmt"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/gke-preflight/gke-preflight/gke/controlplane/rig"
	"github.com/gke-preflight/gke-preflight/testdata/controlplane/incident"
)

// testRealCluster plans the upgrade of a cluster on a real control plane, before the
// webhook's backend freezes and after.
func testRealCluster(t *testing.T, p programs) {
	rig.Require(t)
	w := newWorkspace(t, p, guarded)
	w.install()
	scene, err := incident.Stage(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(scene.Stop)
	webhooks := scene.Client.AdmissionregistrationV1().ValidatingWebhookConfigurations()
	list, err := webhooks.List(t.Context(), metav1.ListOptions{})
	if err != nil || len(list.Items) != 1 {
		t.Fatal(len(list.Items), err)
	}
	seconds := int32(3)
	list.Items[0].Webhooks[0].TimeoutSeconds = &seconds
	if _, err := webhooks.Update(t.Context(), &list.Items[0], metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	options := fmt.Sprintf(`-var=options={kubeconfig=%q, gke_endpoint=%q}`, scene.Kubeconfig, scene.GKE.URL)

	w.plan(0, `input = "`+scene.Target+"-gke.", options, "-var=target="+scene.Target)
	if err := scene.OPA.Freeze(); err != nil {
		t.Fatal(err)
	}
	w.plan(1, `local.result.verdict is "not-ready"`, options, "-var=target="+scene.Target)
	w.plan(1, "GP101: ValidatingWebhookConfiguration opa-validating-webhook", options, "-var=target="+scene.Target)
}
