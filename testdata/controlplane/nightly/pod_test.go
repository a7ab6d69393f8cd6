package nightly

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
	authenticationv1 "k8s.io/api/authentication/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"sigs.k8s.io/yaml"

	"github.com/gke-preflight/gke-preflight/testdata/controlplane/incident"
)

const (
	namespace = "gke-preflight"
	name      = "gke-preflight"
	// secrets is where a container finds its token and the Secrets that it mounts.
	secrets = "/var/run/secrets"
)

// overlay is what a user writes over the base: the cluster's name, where reports are
// kept, and a chat.
func (j *job) overlay() string {
	return fmt.Sprintf(`apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: %s
resources: [base]
generatorOptions: {disableNameSuffixHash: true}
configMapGenerator:
- name: gke-preflight
  behavior: merge
  literals: [PROJECT=%s, LOCATION=%s, CLUSTER=%s, TARGET_VERSION=%s, REPORTS=%s]
patches:
- target: {kind: CronJob}
  patch: |
    - {op: add, path: /spec/jobTemplate/spec/template/spec/volumes/-, value: {name: notify, secret: {secretName: chat}}}
    - {op: add, path: /spec/jobTemplate/spec/template/spec/containers/0/volumeMounts/-, value: {name: notify, mountPath: %s/chat}}
    - {op: add, path: /spec/jobTemplate/spec/template/spec/containers/0/args/-, value: --notify=slack}
    - {op: add, path: /spec/jobTemplate/spec/template/spec/containers/0/args/-, value: --notify-url-file=%s/chat/url}
`, namespace, incident.Project, incident.Location, incident.Name, j.scene.Target, j.reports, secrets, secrets)
}

// rendered are the base's manifests under an overlay, by the real kustomize.
func rendered(t *testing.T, overlay string) []byte {
	t.Helper()
	dir := t.TempDir()
	err := os.CopyFS(filepath.Join(dir, "base"), os.DirFS("../../../docs/nightly/base"))
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "kustomization.yaml"), []byte(overlay), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", "run", "./render", "kustomize", dir)
	cmd.Dir = "../../nightly"
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// apply is kubectl apply --server-side, into a namespace that takes no Pod which is
// not restricted.
func apply(t *testing.T, cfg *rest.Config, manifests []byte) {
	t.Helper()
	client, err := dynamic.NewForConfig(cfg)
	if err != nil {
		t.Fatal(err)
	}
	groups, err := restmapper.GetAPIGroupResources(discovery.NewDiscoveryClientForConfigOrDie(cfg))
	if err != nil {
		t.Fatal(err)
	}
	mapper := restmapper.NewDiscoveryRESTMapper(groups)
	docs := []string{`{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "` + namespace + `", "labels": {"pod-security.kubernetes.io/enforce": "restricted"}}}`}
	for _, doc := range append(docs, strings.Split(string(manifests), "\n---\n")...) {
		var o unstructured.Unstructured
		if err := yaml.Unmarshal([]byte(doc), &o); err != nil {
			t.Fatal(err)
		}
		mapping, err := mapper.RESTMapping(o.GroupVersionKind().GroupKind(), o.GroupVersionKind().Version)
		if err != nil {
			t.Fatal(err)
		}
		_, err = client.Resource(mapping.Resource).Namespace(o.GetNamespace()).Apply(t.Context(), o.GetName(), &o, metav1.ApplyOptions{FieldManager: "kubectl"})
		if err != nil {
			t.Fatalf("%s: %v", o.GetKind(), err)
		}
	}
}

// start makes the Pod of the CronJob that stands in the API server, and becomes it:
// with its arguments, its environment, and a token that is bound to it.
func (j *job) start() {
	j.Helper()
	ctx, client := j.Context(), j.scene.Client
	cron, err := client.BatchV1().CronJobs(namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		j.Fatal(err)
	}
	pod := j.pod(cron)
	account := pod.Spec.ServiceAccountName
	token, err := client.CoreV1().ServiceAccounts(namespace).CreateToken(ctx, account, &authenticationv1.TokenRequest{
		Spec: authenticationv1.TokenRequestSpec{BoundObjectRef: &authenticationv1.BoundObjectReference{Kind: "Pod", APIVersion: "v1", Name: pod.Name, UID: pod.UID}},
	}, metav1.CreateOptions{})
	if err != nil {
		j.Fatal(err)
	}
	container := pod.Spec.Containers[0]
	values, err := client.CoreV1().ConfigMaps(namespace).Get(ctx, container.EnvFrom[0].ConfigMapRef.Name, metav1.GetOptions{})
	if err != nil {
		j.Fatal(err)
	}
	var refs []string
	for k, v := range values.Data {
		refs = append(refs, "$("+k+")", v)
		j.env = append(j.env, k+"="+v)
	}
	for _, a := range container.Args {
		j.args = append(j.args, strings.NewReplacer(refs...).Replace(a))
	}
	j.args = append(j.args, "--gke-endpoint="+j.scene.GKE.URL)
	first := j.scene.First.Address
	j.env = append(j.env, "KUBERNETES_SERVICE_HOST="+first.Addr().String(), fmt.Sprint("KUBERNETES_SERVICE_PORT=", first.Port()))
	j.mount(map[string]string{
		"kubernetes.io/serviceaccount/token": token.Status.Token, "kubernetes.io/serviceaccount/ca.crt": string(j.scene.Config.CAData), "chat/url": j.chat.URL + "/services/s3cr3t\n",
	})
}

// pod creates the Pod. That the API server takes it into the namespace holds that
// nothing in it is privileged; that it has a token is the ServiceAccount plugin's work.
func (j *job) pod(cron *batchv1.CronJob) *corev1.Pod {
	j.Helper()
	template := cron.Spec.JobTemplate.Spec.Template
	pod, err := j.scene.Client.CoreV1().Pods(namespace).Create(j.Context(), &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "night", Labels: template.Labels}, Spec: template.Spec,
	}, metav1.CreateOptions{})
	if err != nil {
		j.Fatal(err)
	}
	b, err := json.Marshal(pod.Spec.Volumes)
	if err != nil || !strings.Contains(string(b), `"serviceAccountToken":{"expirationSeconds":3607`) {
		j.Errorf("the Pod gets no token of its own: %s", b)
	}
	return pod
}

// mount lays files below [secrets], in this process's own mount namespace.
func (j *job) mount(files map[string]string) {
	j.Helper()
	if err := unix.Mount("tmpfs", "/var/run", "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=0755"); err != nil {
		j.Fatal(err)
	}
	j.Cleanup(func() { _ = unix.Unmount("/var/run", unix.MNT_DETACH) })
	for name, content := range files {
		file := filepath.Join(secrets, name)
		err := os.MkdirAll(filepath.Dir(file), 0o755)
		if err == nil {
			err = os.WriteFile(file, []byte(content), 0o600)
		}
		if err != nil {
			j.Fatal(err)
		}
	}
}
