-- A store of version 1 as the code of that version wrote it, with one run of one kind (sqlite3 .dump).
BEGIN TRANSACTION;
CREATE TABLE anomalies (
	id INTEGER NOT NULL, 
	run INTEGER NOT NULL, 
	connection TEXT NOT NULL, 
	stream BIGINT, 
	client TEXT, 
	server TEXT, 
	direction TEXT, 
	time_ns BIGINT NOT NULL, 
	packet BIGINT NOT NULL, 
	anomaly TEXT NOT NULL, 
	detail TEXT NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(run) REFERENCES runs (id) ON DELETE CASCADE
);
CREATE TABLE channels (
	run INTEGER NOT NULL, 
	number BIGINT NOT NULL, 
	channel TEXT NOT NULL, 
	direction TEXT, 
	names TEXT NOT NULL, 
	rate FLOAT, 
	messages BIGINT NOT NULL, 
	undecoded BIGINT NOT NULL, 
	frame_bytes BIGINT NOT NULL, 
	payload_bytes BIGINT NOT NULL, 
	formats TEXT NOT NULL, 
	first_ns BIGINT, 
	last_ns BIGINT, 
	size_p50 FLOAT, 
	size_p95 FLOAT, 
	size_p99 FLOAT, 
	sizes TEXT NOT NULL, 
	FOREIGN KEY(run) REFERENCES runs (id) ON DELETE CASCADE
);
INSERT INTO "channels" VALUES(1,1,'/rooms/{id}','client_to_server','{"join":3}',1.5,3,0,30,60,'{"json":3}',1790000000000000000,1790000000000000003,1.01524076575338657586e+01,100.0,100.0,'{"scale":4,"count":3,"sum":111,"minimum":1,"maximum":100,"zero_count":0,"buckets":{"-1":1,"53":1,"106":1}}');
CREATE TABLE connections (
	id INTEGER NOT NULL, 
	run INTEGER NOT NULL, 
	connection TEXT NOT NULL, 
	stream BIGINT, 
	client TEXT, 
	server TEXT, 
	state TEXT NOT NULL, 
	started_mid_stream BOOLEAN NOT NULL, 
	started_ns BIGINT NOT NULL, 
	time_ns BIGINT NOT NULL, 
	packet BIGINT NOT NULL, 
	host TEXT, 
	target TEXT, 
	route TEXT, 
	origin TEXT, 
	user_agent TEXT, 
	status_code BIGINT, 
	subprotocol TEXT, 
	extensions TEXT NOT NULL, 
	handshake_ns BIGINT, 
	handshake TEXT, 
	messages_client_to_server BIGINT NOT NULL, 
	messages_server_to_client BIGINT NOT NULL, 
	wire_bytes_client_to_server BIGINT NOT NULL, 
	wire_bytes_server_to_client BIGINT NOT NULL, 
	client_to_server TEXT NOT NULL, 
	server_to_client TEXT NOT NULL, 
	close_code BIGINT, 
	close_first_sent_by TEXT, 
	close_verdict TEXT NOT NULL, 
	close TEXT NOT NULL, 
	lost_bytes BIGINT NOT NULL, 
	undecoded TEXT NOT NULL, 
	anomalies TEXT NOT NULL, 
	round_trip_ns BIGINT, 
	health TEXT, 
	PRIMARY KEY (id), 
	FOREIGN KEY(run) REFERENCES runs (id) ON DELETE CASCADE
);
CREATE TABLE kinds (
	run INTEGER NOT NULL, 
	id TEXT NOT NULL, 
	channel TEXT NOT NULL, 
	direction TEXT, 
	name TEXT, 
	messages BIGINT NOT NULL, 
	first_ns BIGINT NOT NULL, 
	last_ns BIGINT NOT NULL, 
	formats TEXT NOT NULL, 
	json_schema TEXT NOT NULL, 
	FOREIGN KEY(run) REFERENCES runs (id) ON DELETE CASCADE
);
INSERT INTO "kinds" VALUES(1,'rooms-join','/rooms/{id}','client_to_server','join',3,1790000000000000000,1790000000000000003,'{"json":3}','{"type":"object","properties":{"name":{"type":"string"}},"required":["name"]}');
CREATE TABLE losses (
	id INTEGER NOT NULL, 
	run INTEGER NOT NULL, 
	source TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	packets BIGINT, 
	time_ns BIGINT, 
	detail TEXT NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(run) REFERENCES runs (id) ON DELETE CASCADE
);
CREATE TABLE messages (
	id INTEGER NOT NULL, 
	run INTEGER NOT NULL, 
	connection TEXT NOT NULL, 
	stream BIGINT, 
	client TEXT, 
	server TEXT, 
	direction TEXT, 
	time_ns BIGINT NOT NULL, 
	started_ns BIGINT NOT NULL, 
	packet BIGINT NOT NULL, 
	opcode TEXT NOT NULL, 
	fragments BIGINT NOT NULL, 
	compressed BOOLEAN NOT NULL, 
	wire_length BIGINT NOT NULL, 
	length BIGINT, 
	complete BOOLEAN NOT NULL, 
	valid_utf8 BOOLEAN, 
	undecoded TEXT, 
	format TEXT NOT NULL, 
	convention TEXT, 
	channel TEXT NOT NULL, 
	name TEXT, 
	operation TEXT, 
	schema TEXT, 
	PRIMARY KEY (id), 
	FOREIGN KEY(run) REFERENCES runs (id) ON DELETE CASCADE
);
CREATE TABLE runs (
	id INTEGER NOT NULL, 
	service TEXT, 
	sources TEXT NOT NULL, 
	version TEXT NOT NULL, 
	created_ns BIGINT NOT NULL, 
	started_ns BIGINT, 
	ended_ns BIGINT, 
	snapshot_ns BIGINT, 
	finished BOOLEAN NOT NULL, 
	accounting TEXT, 
	messages_without_kind BIGINT NOT NULL, 
	messages_in_overflow BIGINT NOT NULL, 
	messages_left_out BIGINT NOT NULL, 
	anomalies_left_out BIGINT NOT NULL, 
	losses_left_out BIGINT NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "runs" VALUES(1,'shop','["a.pcap"]','0.1.0',1795858112466143763,1790000000000000000,1790000000000000003,1790000000000000003,1,'{"packets_seen":0,"packets_decoded":0,"packets_skipped":{},"packets_dropped":{},"packets_cut":0,"first_time_ns":1790000000000000000,"last_time_ns":1790000000000000003,"payload_bytes":0,"bytes_delivered":0,"bytes_duplicate":0,"bytes_discarded":{},"bytes_buffered":0,"bytes_lost":0,"gaps":0,"connections":{},"connections_evicted":{},"handshakes":{},"frames":{},"frame_bytes":0,"payload_length":0,"messages":3,"messages_decoded":0,"messages_undecoded":{},"bytes_unsynchronised":0,"anomalies":{},"capture_loss":{},"capture_loss_unknown":{}}',0,0,0,0,0);
CREATE TABLE series (
	run INTEGER NOT NULL, 
	number BIGINT NOT NULL, 
	server TEXT, 
	route TEXT, 
	subprotocol TEXT, 
	channel TEXT NOT NULL, 
	direction TEXT, 
	name TEXT, 
	messages BIGINT NOT NULL, 
	undecoded BIGINT NOT NULL, 
	frame_bytes BIGINT NOT NULL, 
	payload_bytes BIGINT NOT NULL, 
	formats TEXT NOT NULL, 
	first_ns BIGINT, 
	last_ns BIGINT, 
	size_p50 FLOAT, 
	size_p95 FLOAT, 
	size_p99 FLOAT, 
	sizes TEXT NOT NULL, 
	FOREIGN KEY(run) REFERENCES runs (id) ON DELETE CASCADE
);
CREATE TABLE volumes (
	run INTEGER NOT NULL, 
	channel TEXT NOT NULL, 
	direction TEXT, 
	time_ns BIGINT NOT NULL, 
	step_ns BIGINT NOT NULL, 
	messages BIGINT NOT NULL, 
	undecoded BIGINT NOT NULL, 
	frame_bytes BIGINT NOT NULL, 
	payload_bytes BIGINT NOT NULL, 
	size_p50 FLOAT, 
	size_p95 FLOAT, 
	size_p99 FLOAT, 
	sizes TEXT NOT NULL, 
	FOREIGN KEY(run) REFERENCES runs (id) ON DELETE CASCADE
);
CREATE TABLE wsobserve_store (
	version INTEGER NOT NULL
);
INSERT INTO "wsobserve_store" VALUES(1);
CREATE UNIQUE INDEX connections_of_run ON connections (run, connection, coalesce(stream, -1), started_ns);
CREATE UNIQUE INDEX series_of_run ON series (run, number);
CREATE UNIQUE INDEX channels_of_run ON channels (run, number);
CREATE UNIQUE INDEX volumes_of_run ON volumes (run, channel, coalesce(direction, ''), time_ns);
CREATE UNIQUE INDEX kinds_of_run ON kinds (run, id);
CREATE INDEX anomalies_of_run ON anomalies (run, anomaly);
CREATE INDEX messages_of_run ON messages (run, time_ns);
CREATE INDEX losses_of_run ON losses (run);
COMMIT;
