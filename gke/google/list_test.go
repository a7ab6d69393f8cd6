package google_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"cloud.google.com/go/container/apiv1/containerpb"
	resourcemanager "google.golang.org/api/cloudresourcemanager/v3"

	"github.com/gke-preflight/gke-preflight/gke/google"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

func TestList(t *testing.T) {
	s := serve(t, "failed-upgrade")
	s.Answer("ListClusters projects/shop/locations/-", &containerpb.ListClustersResponse{
		Clusters:     []*containerpb.Cluster{{Name: "prod", Location: "europe-west1"}, {Name: "test", Location: "europe-west1-b"}},
		MissingZones: []string{"us-east1-d", "us-east1-b"},
	})
	clusters, missing, err := google.List(t.Context(), google.Options{Endpoint: s.URL}, "shop")
	if err != nil || !slices.Equal(missing, []string{"us-east1-b", "us-east1-d"}) ||
		!slices.Equal(clusters, []facts.Cluster{{Project: "shop", Location: "europe-west1", Name: "prod"}, {Project: "shop", Location: "europe-west1-b", Name: "test"}}) {
		t.Errorf("%v, %v, %v", clusters, missing, err)
	}
	_, _, err = google.List(t.Context(), google.Options{Endpoint: s.URL}, "secret")
	if err == nil || !strings.Contains(err.Error(), "project secret can't be listed") || !strings.Contains(err.Error(), "container.clusters.list") {
		t.Error(err)
	}
}

// folders serves Cloud Resource Manager: folder 1 holds project a, one that is being
// deleted, and folders 2 with project b on its second page, and 3, which is not ours.
func folders(w http.ResponseWriter, r *http.Request) {
	parent := r.URL.Query().Get("parent")
	var answer any
	switch r.URL.Path + " " + parent + " " + r.URL.Query().Get("pageToken") {
	case "/v3/projects folders/1 ":
		answer = resourcemanager.ListProjectsResponse{Projects: []*resourcemanager.Project{{ProjectId: "a", State: "ACTIVE"}, {ProjectId: "gone", State: "DELETE_REQUESTED"}}}
	case "/v3/folders folders/1 ":
		answer = resourcemanager.ListFoldersResponse{Folders: []*resourcemanager.Folder{{Name: "folders/2", State: "ACTIVE"}, {Name: "folders/3", State: "ACTIVE"}}}
	case "/v3/projects folders/2 ":
		answer = resourcemanager.ListProjectsResponse{NextPageToken: "more"}
	case "/v3/projects folders/2 more":
		answer = resourcemanager.ListProjectsResponse{Projects: []*resourcemanager.Project{{ProjectId: "b", State: "ACTIVE"}}}
	case "/v3/folders folders/2 ":
		answer = resourcemanager.ListFoldersResponse{}
	default:
		w.WriteHeader(http.StatusForbidden)
		answer = map[string]any{"error": map[string]any{"code": 403, "message": "The caller does not have permission", "status": "PERMISSION_DENIED"}}
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answer)
}

// A folder that can't be read is named, and hides none of the others.
func TestProjects(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(folders))
	defer s.Close()
	projects, err := google.Projects(t.Context(), google.Options{ResourceManager: s.URL}, "1")
	if !slices.Equal(projects, []string{"a", "b"}) {
		t.Error(projects)
	}
	if err == nil || !strings.Contains(err.Error(), "folders/3 can't be read: The caller does not have permission") {
		t.Error(err)
	}
	if _, err := google.Projects(t.Context(), google.Options{ResourceManager: "nonsense"}, "1"); err == nil || !strings.Contains(err.Error(), "--resource-manager-endpoint") {
		t.Error(err)
	}
}
