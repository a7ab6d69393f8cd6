package bootstrap

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

func planned(t *testing.T, s *facts.Snapshot, key string) Write {
	t.Helper()
	writes := Of(s).Writes
	i := slices.IndexFunc(writes, func(w Write) bool { return w.Key() == key })
	if i < 0 {
		t.Fatalf("no %s among:\n%s", key, strings.Join(describeAll(Of(s)), "\n"))
	}
	return writes[i]
}

func nested(t *testing.T, u *unstructured.Unstructured, fields ...string) any {
	t.Helper()
	v, ok, err := unstructured.NestedFieldNoCopy(u.Object, fields...)
	if !ok || err != nil {
		t.Fatalf("%s has no %v: %v", u.GetName(), fields, err)
	}
	return v
}

func TestRoleKeepsWhatIsAdded(t *testing.T) {
	theirs := rbacv1.PolicyRule{APIGroups: []string{"example.com"}, Resources: []string{"x"}, Verbs: []string{"get"}}
	s := cluster(t, "1.35", "1.36")
	s = s.With(edit(facts.ClusterRoles, named[*rbacv1.ClusterRole]("system:monitoring"), func(r *rbacv1.ClusterRole) {
		r.Rules = append(slices.Clone(r.Rules), theirs)
		r.Labels = map[string]string{"team": "a", "kubernetes.io/bootstrapping": "rbac-defaults"}
	})(s))
	w := planned(t, s, "UPDATE clusterroles.rbac.authorization.k8s.io system:monitoring")
	before, after := nested(t, w.OldObject, "rules").([]any), nested(t, w.Object, "rules").([]any)
	if d := cmp.Diff(before, after[:len(before)]); d != "" || len(after) <= len(before) {
		t.Errorf("%d rules became %d, of which the old ones differ:\n%s", len(before), len(after), d)
	}
	if w.Object.GetLabels()["team"] != "a" || w.Object.GetAPIVersion() != "rbac.authorization.k8s.io/v1" || w.OldObject.GetKind() != "ClusterRole" {
		t.Errorf("object %v, old object %v", w.Object.Object["metadata"], w.OldObject.Object["metadata"])
	}
}

func TestFlowSchemaIsHandedOver(t *testing.T) {
	s := cluster(t, "1.36", "1.36")
	s = s.With(edit(facts.FlowSchemas, named[*flowcontrolv1.FlowSchema]("probes"), func(f *flowcontrolv1.FlowSchema) {
		f.Spec.MatchingPrecedence, f.Annotations, f.Generation = 7, nil, 2
	})(s))
	w := planned(t, s, "UPDATE flowschemas.flowcontrol.apiserver.k8s.io probes")
	if got := w.Object.GetAnnotations()[flowcontrolv1.AutoUpdateAnnotationKey]; got != "false" {
		t.Errorf("annotation %q, want false: somebody edited it", got)
	}
	if got := nested(t, w.Object, "spec", "matchingPrecedence"); got != int64(7) {
		t.Errorf("the spec is reset to precedence %v", got)
	}
}

func TestReplicaJoins(t *testing.T) {
	s := cluster(t, "1.36", "1.36", facts.Present(facts.KubernetesService, facts.APIServerService{
		Exists: true, Addresses: []string{"10.0.0.2", "10.0.0.3"}, SliceAddresses: []string{"10.0.0.2", "10.0.0.3"},
	}))
	e := planned(t, s, "UPDATE endpoints default/kubernetes")
	subset := nested(t, e.Object, "subsets").([]any)[0].(map[string]any)
	if got := len(subset["addresses"].([]any)); got != 3 || e.Object.GetLabels()["endpointslice.kubernetes.io/skip-mirror"] != "true" {
		t.Errorf("%d addresses, labels %v", got, e.Object.GetLabels())
	}
	slice := planned(t, s, "UPDATE endpointslices.discovery.k8s.io default/kubernetes")
	before, after := nested(t, slice.OldObject, "endpoints").([]any), nested(t, slice.Object, "endpoints").([]any)
	if len(before) != 2 || len(after) != 3 || cmp.Equal(after[0], after[1]) {
		t.Errorf("endpoints %v become %v", before, after)
	}
}

func TestAddressBodiesAreTheAllocators(t *testing.T) {
	for _, recorded := range recorded(mustFind(t, "1.36"), "bootstrap-controller", "IPAddress", Create) {
		got := ipAddress(recorded.GetName(), "services/default/kubernetes", true)
		if d := cmp.Diff(recorded.Object, got.Object); d != "" {
			t.Errorf("(- record, + ours)\n%s", d)
		}
	}
	if got := ipAddress("fd00::8", "services/a/b", true).GetLabels()["ipaddress.kubernetes.io/ip-family"]; got != "IPv6" {
		t.Errorf("family %q", got)
	}
}

func TestExpiredCertificateFallsOut(t *testing.T) {
	const key = "UPDATE configmaps kube-system/extension-apiserver-authentication"
	for name, c := range map[string]struct {
		bundle  string
		certain bool
	}{
		"valid":              {certificate(t, now.Add(time.Hour)), false},
		"just expired":       {certificate(t, now.Add(-time.Minute)), false},
		"one of two expired": {certificate(t, now.Add(time.Hour)) + certificate(t, now.Add(-time.Hour)), true},
		"no PEM":             {"hello", false},
	} {
		t.Run(name, func(t *testing.T) {
			s := cluster(t, "1.36", "1.36", facts.Present(facts.SystemConfigMaps, []facts.ConfigMap{
				{Name: "extension-apiserver-authentication", Data: map[string]string{"client-ca-file": c.bundle}},
			}))
			w := planned(t, s, key)
			if (w.Condition == "") != c.certain || cmp.Equal(w.Object, w.OldObject) {
				t.Errorf("condition %q, changes %t", w.Condition, !cmp.Equal(w.Object, w.OldObject))
			}
		})
	}
}

func certificate(t *testing.T, notAfter time.Time) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: notAfter.Add(-time.Hour), NotAfter: notAfter}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := pem.Encode(&b, &pem.Block{Type: "CERTIFICATE", Bytes: der}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
