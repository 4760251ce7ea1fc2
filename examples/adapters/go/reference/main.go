// Reference adapter: reads the list with net/http, as an SDK would.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"adapters/protocol"
)

const (
	attempts    = 3
	longestWait = 5 * time.Second
)

var client = &http.Client{Timeout: 20 * time.Second}

func main() { protocol.Serve(listImages) }

func listImages(service protocol.Service, query map[string]protocol.Values) ([]string, error) {
	values := url.Values{}
	for name, all := range query {
		values[name] = all
	}
	address, err := url.Parse(service.URL + "/v2/images?" + values.Encode())
	if err != nil {
		return nil, err
	}
	var ids []string
	pages, images := map[string]bool{}, map[string]bool{}
	for !pages[address.String()] {
		pages[address.String()] = true
		body, err := get(address.String(), service.Token)
		if err != nil {
			return nil, err
		}
		var page struct {
			Images []struct{ ID string }
			Next   string
		}
		if err := json.Unmarshal(body, &page); err != nil { // an empty, cut or other body
			return nil, fmt.Errorf("the response is not JSON: %w", err)
		}
		if page.Images == nil {
			return nil, errors.New("the response is no list of images")
		}
		for _, image := range page.Images {
			if !images[image.ID] {
				images[image.ID] = true
				ids = append(ids, image.ID)
			}
		}
		if page.Next == "" {
			return ids, nil
		}
		if address, err = address.Parse(page.Next); err != nil {
			return nil, err
		}
	}
	return nil, errors.New("the links to the next page lead back to an earlier one")
}

// get returns the body of a response. It tries again if the service is busy or the connection breaks.
func get(address, token string) ([]byte, error) {
	for attempt := 1; ; attempt++ {
		wait := time.Duration(attempt) * 100 * time.Millisecond
		response, body, err := send(address, token)
		if err == nil {
			if response.StatusCode == http.StatusOK {
				return body, nil
			}
			err = failure(response.StatusCode, body)
			if response.StatusCode != http.StatusTooManyRequests && response.StatusCode != http.StatusServiceUnavailable {
				return nil, err
			}
			if seconds, none := strconv.Atoi(response.Header.Get("Retry-After")); none == nil {
				wait = time.Duration(seconds) * time.Second
			}
		}
		if attempt == attempts || wait > longestWait {
			return nil, err
		}
		time.Sleep(wait)
	}
}

func send(address, token string) (*http.Response, []byte, error) {
	request, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		return nil, nil, err
	}
	request.Header.Set("X-Auth-Token", token)
	response, err := client.Do(request)
	if err != nil {
		return nil, nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return response, body, err
}

// failure returns the error of a response: error_code comes from the API gateway, error.code from the service.
func failure(status int, body []byte) error {
	var gateway struct {
		Code    string `json:"error_code"`
		Message string `json:"error_msg"`
		Error   struct{ Code, Message string }
	}
	if json.Unmarshal(body, &gateway) != nil {
		return &protocol.Error{Status: status, Message: string(body)} // a proxy answers with HTML
	}
	if gateway.Code == "" {
		gateway.Code, gateway.Message = gateway.Error.Code, gateway.Error.Message
	}
	return &protocol.Error{Status: status, Code: gateway.Code, Message: gateway.Message}
}
