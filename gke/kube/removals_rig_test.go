package kube_test

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	admission "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	resourcev1 "k8s.io/api/resource/v1"
	resourcev1beta1 "k8s.io/api/resource/v1beta1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/gke-preflight/gke-preflight/gke/controlplane/rig"
	"github.com/gke-preflight/gke-preflight/gke/kube"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// longAgo is when an object was written at the old version, by its metadata.
var longAgo = time.Date(2025, 3, 1, 12, 0, 0, 0, time.UTC)

// writeAtOldVersion makes DeviceClasses at resource.k8s.io/v1beta1, which goes
// away in 1.38: one by a client, one with managed fields and an annotation as
// kubectl left them long ago; and one at the version that stays.
func writeAtOldVersion(t *testing.T, c *rig.Cluster) {
	t.Helper()
	ctx := t.Context()
	labels := map[string]string{"made": "by-test"}
	classes := c.Client.ResourceV1beta1().DeviceClasses()
	_, err := classes.Create(ctx, &resourcev1beta1.DeviceClass{ObjectMeta: metav1.ObjectMeta{Name: "by-client", Labels: labels}}, metav1.CreateOptions{FieldManager: "terraform"})
	must(t, err)
	applied, err := classes.Create(ctx, &resourcev1beta1.DeviceClass{ObjectMeta: metav1.ObjectMeta{Name: "by-kubectl",
		Annotations: map[string]string{"kubectl.kubernetes.io/last-applied-configuration": `{"apiVersion":"resource.k8s.io/v1beta1","kind":"DeviceClass","metadata":{"name":"by-kubectl"}}`},
	}}, metav1.CreateOptions{FieldManager: "kubectl-client-side-apply"})
	must(t, err)
	// A time alone does not change an object, so another manager's label goes with it.
	patch := fmt.Sprintf(`[{"op":"replace","path":"/metadata/managedFields/0/time","value":%q},{"op":"add","path":"/metadata/labels","value":{"made":"by-test"}}]`, longAgo.Format(time.RFC3339))
	_, err = c.Client.ResourceV1().DeviceClasses().Patch(ctx, applied.Name, types.JSONPatchType, []byte(patch), metav1.PatchOptions{FieldManager: "terraform"})
	must(t, err)
	_, err = c.Client.ResourceV1().DeviceClasses().Create(ctx, &resourcev1.DeviceClass{ObjectMeta: metav1.ObjectMeta{Name: "stays", Labels: labels}}, metav1.CreateOptions{FieldManager: "terraform"})
	must(t, err)
}

func examineOldVersion(t *testing.T, s *facts.Snapshot) {
	t.Helper()
	var served []string
	for _, u := range facts.DeprecatedAPIs.Of(s).APIs {
		served = append(served, u.Version+" "+u.Resource)
		if u.Resource != "deviceclasses" {
			continue
		}
		if recent := &u.Writers[len(u.Writers)-1]; time.Since(recent.Latest) < time.Hour {
			recent.Latest = time.Time{}
		}
		want := facts.APIUse{Group: "resource.k8s.io", Version: "v1beta1", Resource: "deviceclasses", Stays: "v1", Objects: 3, Writers: []facts.APIWriter{
			{Objects: 1, Names: []string{"by-kubectl"}, Latest: longAgo},
			{Manager: "kubectl-client-side-apply", Objects: 1, Names: []string{"by-kubectl"}, Latest: longAgo},
			{Manager: "terraform", Objects: 1, Names: []string{"by-client"}},
		}}
		if diff := cmp.Diff(want, u); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	}
	want := []string{"v1beta1 deviceclasses", "v1beta1 resourceclaims", "v1beta1 resourceclaimtemplates", "v1beta1 resourceslices"}
	if diff := cmp.Diff(want, served); diff != "" {
		t.Errorf("the APIs that go away:\n%s", diff)
	}
}

// helmReleases reads once more, this time Helm's Secrets too, after which the
// metrics tell of the reads before.
func helmReleases(t *testing.T, c *rig.Cluster) {
	t.Helper()
	ctx := t.Context()
	for status, apiVersion := range map[string]string{"deployed": "resource.k8s.io/v1beta1", "superseded": "resource.k8s.io/v1beta2"} {
		manifest := `---\napiVersion: ` + apiVersion + `\nkind: DeviceClass\nmetadata:\n  name: gpu\n---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: hunter2\n`
		var packed bytes.Buffer
		z := gzip.NewWriter(&packed)
		_, err := z.Write([]byte(`{"name":"gpu","version":4,"namespace":"opa","manifest":"` + manifest + `"}`))
		must(t, err)
		must(t, z.Close())
		_, err = c.Client.CoreV1().Secrets("opa").Create(ctx, &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Name: "sh.helm.release.v1.gpu." + status, Labels: map[string]string{"name": "gpu", "owner": "helm", "status": status, "version": "4"}},
			Type:       "helm.sh/release.v1",
			Data:       map[string][]byte{"release": []byte(base64.StdEncoding.EncodeToString(packed.Bytes()))},
		}, metav1.CreateOptions{})
		must(t, err)
	}
	s := facts.New(facts.Meta{}, kube.Collect(ctx, c.Config, kube.Options{Version: "helm", Helm: true})...)
	want := []facts.HelmRelease{{Namespace: "opa", Name: "gpu", Revision: 4, Objects: []facts.HelmObject{{APIVersion: "resource.k8s.io/v1beta1", Kind: "DeviceClass", Name: "gpu"}}}}
	if diff := cmp.Diff(want, facts.HelmReleases.Of(s)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for _, d := range facts.APIServerMetrics.Of(s).Deprecated {
		if d.Group == "resource.k8s.io" && d.Resource != "deviceclasses" {
			t.Errorf("reading counts as a request for %+v", d)
		}
	}
	if err := s.Files(func(name string, content []byte) error {
		if strings.Contains(string(content), "hunter2") {
			t.Errorf("%s tells what is in the release", name)
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
}

// seesOtherVersion reports whether a policy whose rule names resource.k8s.io/v1beta1
// sees an object that is written at v1. matchPolicy is Equivalent, the default;
// the policy sees ConfigMaps too, which tells when it has begun.
func seesOtherVersion(t *testing.T, c *rig.Cluster) bool {
	t.Helper()
	ctx := t.Context()
	rule := func(group, version, resource string) admission.NamedRuleWithOperations {
		return admission.NamedRuleWithOperations{RuleWithOperations: admission.RuleWithOperations{Operations: []admission.OperationType{"CREATE"},
			Rule: admission.Rule{APIGroups: []string{group}, APIVersions: []string{version}, Resources: []string{resource}}}}
	}
	_, err := c.Client.AdmissionregistrationV1().ValidatingAdmissionPolicies().Create(ctx, &admission.ValidatingAdmissionPolicy{ObjectMeta: metav1.ObjectMeta{Name: "old"},
		Spec: admission.ValidatingAdmissionPolicySpec{
			MatchConstraints: &admission.MatchResources{ResourceRules: []admission.NamedRuleWithOperations{rule("resource.k8s.io", "v1beta1", "deviceclasses"), rule("", "v1", "configmaps")}},
			Validations:      []admission.Validation{{Expression: "object.metadata.name != 'old'"}},
		}}, metav1.CreateOptions{})
	must(t, err)
	_, err = c.Client.AdmissionregistrationV1().ValidatingAdmissionPolicyBindings().Create(ctx, &admission.ValidatingAdmissionPolicyBinding{ObjectMeta: metav1.ObjectMeta{Name: "old"},
		Spec: admission.ValidatingAdmissionPolicyBindingSpec{PolicyName: "old", ValidationActions: []admission.ValidationAction{"Deny"}}}, metav1.CreateOptions{})
	must(t, err)
	dry := metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}}
	for ctx.Err() == nil {
		_, err = c.Client.CoreV1().ConfigMaps("default").Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "old"}}, dry)
		if err != nil && strings.Contains(err.Error(), "ValidatingAdmissionPolicy 'old'") {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	_, err = c.Client.ResourceV1().DeviceClasses().Create(ctx, &resourcev1.DeviceClass{ObjectMeta: metav1.ObjectMeta{Name: "old"}}, dry)
	if err != nil && !strings.Contains(err.Error(), "ValidatingAdmissionPolicy 'old'") {
		t.Fatal(err)
	}
	return err != nil
}
