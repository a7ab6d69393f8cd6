package lifeline

import (
	"archive/zip"
	"encoding/json"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	admissionv1 "k8s.io/api/admission/v1"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"

	"github.com/gke-preflight/gke-preflight/gke/controlplane"
	"github.com/gke-preflight/gke-preflight/gke/controlplane/rig"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
)

// picky denies objects by what no fact holds of them: Pods by an annotation, and
// PersistentVolumes by their driver.
func picky() controlplane.Behaviour {
	return controlplane.Handle("picky", func(w http.ResponseWriter, r *http.Request) {
		var review admissionv1.AdmissionReview
		_ = json.NewDecoder(r.Body).Decode(&review)
		var o unstructured.Unstructured
		_ = json.Unmarshal(review.Request.Object.Raw, &o.Object)
		driver, _, _ := unstructured.NestedString(o.Object, "spec", "csi", "driver")
		review.Response = &admissionv1.AdmissionResponse{UID: review.Request.UID, Allowed: true}
		if o.GetAnnotations()["note"] != "" || driver == "pd.csi.storage.gke.io" {
			review.Response.Allowed, review.Response.Result = false, &metav1.Status{Message: "not this one", Code: 403}
		}
		review.Request = nil
		_ = json.NewEncoder(w).Encode(review)
	})
}

// TestRealObjects is about what hangs on what no fact holds of an object: the object
// itself decides it, read while probing, and for who may not read it nothing is decided.
// The recording gives the same verdict, and holds nothing of the object.
func TestRealObjects(t *testing.T) {
	t.Parallel()
	k := rig.Start(t, controlplane.Options{})
	prepare(t, k)
	populate(t, k)
	deploy(t, k, "desk")
	b, err := k.StartBackend(t.Context(), rig.BackendOptions{Namespace: "guard", Service: "guard", Node: node, Behaviour: picky()})
	if err != nil {
		t.Fatal(err)
	}
	for name, w := range map[string]nodeWrite{
		"pods":    {resource: "pods", operation: admissionregistrationv1.Create, namespace: "desk"},
		"volumes": {resource: "persistentvolumes", operation: admissionregistrationv1.Update},
	} {
		if err := k.Validate(t.Context(), name, b.ClientConfig("/"), onNodeWrite(w)); err != nil {
			t.Fatal(err)
		}
	}
	onPods := schema.GroupResource{Resource: "pods"}
	forbid(t, k, "notes", onPods, []admissionregistrationv1.OperationType{admissionregistrationv1.Delete}, `!("note" in oldObject.metadata.?annotations.orValue({}))`)
	forbid(t, k, "images", onPods, []admissionregistrationv1.OperationType{admissionregistrationv1.Create}, `object.spec.containers.all(c, c.image != "bad")`)

	recording := filepath.Join(t.TempDir(), "seen.zip")
	run(t, "snapshot", "--kubeconfig", k.Kubeconfig, "--no-gke", "--target-version", rig.Newest(t).Version, "--vantage", "pod-network", "--file", recording)
	want := map[string]forecast.Fate{
		"pods of applications": forecast.Lost, "persistent volumes": forecast.Lost, "pod deletions": forecast.Lost, "pods of DaemonSets": forecast.Kept,
	}
	var r preflight.Report
	if err := json.Unmarshal(run(t, "check", "--snapshot", recording, "-o", "json"), &r); err != nil {
		t.Fatal(err)
	}
	foretold(t, r, want)
	says(t, r, "Pod desk/web-5d8c9f7b6-x2kqn, made anew as Deployment web has it", "not this one")
	if strings.Contains(unpacked(t, recording), "s3cr3t") {
		t.Error("the recording holds what the object has")
	}
	run(t, "snapshot", "--snapshot", recording, "--redact", "--file", recording+".redacted.zip")
	if all := unpacked(t, recording+".redacted.zip"); strings.Contains(all, "web-5d8c9f7b6-x2kqn") || !strings.Contains(all, "made anew as Deployment") {
		t.Error("without names the recording names the object, or says nothing of it")
	}
	for _, p := range []string{"pods", "persistentvolumes"} {
		r := check(t, reader(t, k, p), "--vantage", "pod-network")
		if p == "pods" {
			foretold(t, r, map[string]forecast.Fate{"pods of applications": forecast.Open, "pod deletions": forecast.Open, "persistent volumes": forecast.Lost})
		} else {
			foretold(t, r, map[string]forecast.Fate{"pods of applications": forecast.Lost, "persistent volumes": forecast.Open})
		}
	}
}

// unpacked is all that a recording holds.
func unpacked(t *testing.T, file string) string {
	t.Helper()
	z, err := zip.OpenReader(file)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	var all strings.Builder
	for _, f := range z.File {
		r, err := f.Open()
		if err == nil {
			_, err = io.Copy(&all, r)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return all.String()
}

// deploy makes a Deployment with one pod, both with an annotation.
func deploy(t *testing.T, k *rig.Cluster, namespace string) {
	t.Helper()
	ctx, note := t.Context(), map[string]string{"note": "s3cr3t"}
	pod := aPod("web-5d8c9f7b6-x2kqn", node, []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "ReplicaSet", Name: "web-5d8c9f7b6", UID: "1", Controller: new(true)}})
	pod.GenerateName, pod.Annotations, pod.Labels = "web-5d8c9f7b6-", note, map[string]string{"app": "app", "pod-template-hash": "5d8c9f7b6"}
	web := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: "web"}, Spec: appsv1.DeploymentSpec{
		Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "app"}},
		Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"app": "app"}, Annotations: note}, Spec: aPod("web", "", nil).Spec}}}
	for _, err := range []error{
		ignore(k.Client.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}, metav1.CreateOptions{})),
		ignore(k.Client.CoreV1().ServiceAccounts(namespace).Create(ctx, &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "default"}}, metav1.CreateOptions{})),
		ignore(k.Client.AppsV1().Deployments(namespace).Create(ctx, web, metav1.CreateOptions{})),
		ignore(k.Client.CoreV1().Pods(namespace).Create(ctx, pod, metav1.CreateOptions{})),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// forbid makes a policy that denies what the expression is false for.
func forbid(t *testing.T, k *rig.Cluster, name string, resource schema.GroupResource, operations []admissionregistrationv1.OperationType, expression string) {
	t.Helper()
	policy := &admissionregistrationv1.ValidatingAdmissionPolicy{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: admissionregistrationv1.ValidatingAdmissionPolicySpec{
		FailurePolicy: new(admissionregistrationv1.Fail), Validations: []admissionregistrationv1.Validation{{Expression: expression}},
		MatchConstraints: &admissionregistrationv1.MatchResources{ResourceRules: []admissionregistrationv1.NamedRuleWithOperations{{RuleWithOperations: admissionregistrationv1.RuleWithOperations{
			Operations: operations,
			Rule:       admissionregistrationv1.Rule{APIGroups: []string{resource.Group}, APIVersions: []string{"v1"}, Resources: []string{resource.Resource}},
		}}}}}}
	binding := &admissionregistrationv1.ValidatingAdmissionPolicyBinding{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: admissionregistrationv1.ValidatingAdmissionPolicyBindingSpec{
		PolicyName: name, ValidationActions: []admissionregistrationv1.ValidationAction{admissionregistrationv1.Deny}}}
	all(t, ignore(k.Client.AdmissionregistrationV1().ValidatingAdmissionPolicies().Create(t.Context(), policy, metav1.CreateOptions{})),
		ignore(k.Client.AdmissionregistrationV1().ValidatingAdmissionPolicyBindings().Create(t.Context(), binding, metav1.CreateOptions{})))
}

// reader is the kubeconfig of a user with the role that the tool prints, who may not list
// that one resource.
func reader(t *testing.T, k *rig.Cluster, without string) string {
	t.Helper()
	var role rbacv1.ClusterRole
	if err := yaml.Unmarshal(run(t, "rbac"), &role); err != nil {
		t.Fatal(err)
	}
	role.Name = "without-" + without
	for n := range role.Rules {
		role.Rules[n].Resources = slices.DeleteFunc(role.Rules[n].Resources, func(r string) bool { return r == without })
	}
	role.Rules = slices.DeleteFunc(role.Rules, func(r rbacv1.PolicyRule) bool { return len(r.Resources)+len(r.NonResourceURLs) == 0 })
	binding := &rbacv1.ClusterRoleBinding{ObjectMeta: metav1.ObjectMeta{Name: role.Name}, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role.Name},
		Subjects: []rbacv1.Subject{{Kind: "User", APIGroup: rbacv1.GroupName, Name: role.Name}}}
	if _, err := k.Client.RbacV1().ClusterRoles().Create(t.Context(), &role, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := k.Client.RbacV1().ClusterRoleBindings().Create(t.Context(), binding, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	cfg, err := k.ConfigFor(k.First, role.Name, "system:authenticated")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "kubeconfig")
	if err := k.WriteKubeconfig(file, cfg); err != nil {
		t.Fatal(err)
	}
	return file
}

// run runs the built program, whatever its verdict, and returns what it prints.
func run(t *testing.T, args ...string) []byte {
	t.Helper()
	cmd := exec.Command(rig.Tool(t), args...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil && cmd.ProcessState.ExitCode() == preflight.ExitCouldNotRun {
		t.Fatalf("%v: %s", err, stderr.String())
	}
	return out
}

func says(t *testing.T, r preflight.Report, want ...string) {
	t.Helper()
	all, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range want {
		if !strings.Contains(string(all), w) {
			t.Errorf("the report does not say %q", w)
		}
	}
}
