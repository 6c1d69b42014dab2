//! An archive of CloudTrail files as a seed makes it, with a family of credentials in it and the truth about that family.
//!
//! Synthetic: the shapes, sizes and order of members are those of CloudTrail's own files, the names are invented.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

/// What is to be made.
#[derive(Debug, Clone)]
pub struct Recipe {
    pub seed: u64,
    /// Files, spread over Regions and hours.
    pub files: usize,
    /// Records in a file, about.
    pub records: usize,
    /// Credentials of the family, its origin included.
    pub family: usize,
    /// Level of compression, 0 for plain files.
    pub level: i32,
}

impl Recipe {
    /// Of a benchmark: `OUST_BENCH_MB` megabytes unpacked (200 without it), or the so manyth `part` of them.
    pub fn of_bench(part: usize, family: usize) -> Self {
        let megabytes = std::env::var("OUST_BENCH_MB").ok().and_then(|text| text.parse().ok());
        Recipe {
            seed: 7,
            files: megabytes.unwrap_or(200usize) * 4 / part,
            records: 150,
            family,
            level: 6,
        }
    }
}

/// What is true of the family.
#[derive(Debug, Clone, Default)]
pub struct Truth {
    /// The stolen key.
    pub origin: String,
    /// Every key of the family, with the number of calls that it made itself.
    pub calls: BTreeMap<String, u64>,
    /// Who gave whom.
    pub parents: BTreeMap<String, String>,
    /// Distinct events of the archive.
    pub events: u64,
    /// Unpacked bytes.
    pub bytes: u64,
}

/// A small generator of numbers: SplitMix64.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Dice(seed)
    }

    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, end: usize) -> usize {
        (self.roll() % end.max(1) as u64) as usize
    }

    fn letters(&mut self, alphabet: &[u8], count: usize) -> String {
        (0..count)
            .map(|_| char::from(alphabet[self.below(alphabet.len())]))
            .collect()
    }

    pub fn key(&mut self, prefix: &str) -> String {
        format!("{prefix}{}", self.letters(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16))
    }

    fn uuid(&mut self) -> String {
        let (a, b) = (self.roll(), self.roll());
        format!(
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            a >> 32,
            a >> 16 & 0xffff,
            a & 0xffff,
            b >> 48,
            b & 0xffff_ffff_ffff
        )
    }
}

const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const REGIONS: [&str; 4] = ["us-east-1", "eu-west-1", "us-west-2", "ap-southeast-2"];
pub const ACCOUNT: &str = "123456789012";
/// 2026-11-01T00:00:00Z.
const BEGIN: i64 = 1_793_491_200;

fn clock(at: i64) -> String {
    let (day, second) = ((at - BEGIN) / 86_400 + 1, at.rem_euclid(86_400));
    format!(
        "2026-11-{day:02}T{:02}:{:02}:{:02}Z",
        second / 3600,
        second / 60 % 60,
        second % 60
    )
}

fn expiration(at: i64) -> String {
    let (day, second) = ((at - BEGIN) / 86_400 + 1, at.rem_euclid(86_400));
    let (hour, half) = match second / 3600 {
        0 => (12, "AM"),
        hour @ 1..=11 => (hour, "AM"),
        12 => (12, "PM"),
        hour => (hour - 12, "PM"),
    };
    format!(
        "Nov {day}, 2026, {hour}:{:02}:{:02} {half}",
        second / 60 % 60,
        second % 60
    )
}

/// Somebody with a credential.
#[derive(Debug, Clone)]
struct Held {
    key: String,
    /// `None` for the user.
    role: Option<usize>,
    session: String,
    issued: i64,
}

impl Held {
    fn identity(&self, service: Option<&str>) -> String {
        let invoked = service.map(|by| format!(",\"invokedBy\":\"{by}\"")).unwrap_or_default();
        let created = clock(self.issued);
        match self.role {
            Some(role) => format!(
                "{{\"type\":\"AssumedRole\",\"principalId\":\"AROA{role:016}A:{s}\",\"arn\":\"arn:aws:sts::{ACCOUNT}:assumed-role/Role{role}/{s}\",\"accountId\":\"{ACCOUNT}\",\"accessKeyId\":\"{k}\",\"sessionContext\":{{\"sessionIssuer\":{{\"type\":\"Role\",\"principalId\":\"AROA{role:016}A\",\"arn\":\"arn:aws:iam::{ACCOUNT}:role/service-role/Role{role}\",\"accountId\":\"{ACCOUNT}\",\"userName\":\"Role{role}\"}},\"webIdFederationData\":{{}},\"attributes\":{{\"creationDate\":\"{created}\",\"mfaAuthenticated\":\"false\"}},\"ec2RoleDelivery\":\"2.0\"}}{invoked}}}",
                s = self.session,
                k = self.key
            ),
            None => {
                let session = if self.key.starts_with("ASIA") {
                    format!(
                        ",\"sessionContext\":{{\"attributes\":{{\"creationDate\":\"{created}\",\"mfaAuthenticated\":\"false\"}}}}"
                    )
                } else {
                    String::new()
                };
                format!(
                    "{{\"type\":\"IAMUser\",\"principalId\":\"AIDAQAAAAAAAAAAAAAAAA\",\"arn\":\"arn:aws:iam::{ACCOUNT}:user/support-user\",\"accountId\":\"{ACCOUNT}\",\"accessKeyId\":\"{}\",\"userName\":\"support-user\"{session}{invoked}}}",
                    self.key
                )
            }
        }
    }
}

/// One record as text, with its time and Region, by which it finds its file.
pub struct Record {
    pub at: i64,
    pub region: usize,
    pub text: String,
}

struct Maker {
    dice: Dice,
    span: i64,
    truth: Truth,
    records: Vec<Record>,
}

struct Call<'a> {
    source: &'a str,
    name: &'a str,
    identity: String,
    request: String,
    response: String,
    read_only: bool,
    error: Option<&'a str>,
    data: bool,
    /// Members between the answer and the request's ID, and resources, as text.
    additional: String,
    resources: String,
}

impl Maker {
    fn put(&mut self, at: i64, region: usize, call: Call<'_>) {
        let dice = &mut self.dice;
        let (request_id, id) = (dice.uuid(), dice.uuid());
        let host = call.source;
        // A session calls from one machine.
        let number = |text: &str| {
            text.bytes()
                .fold(7_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()))
        };
        let mut client = Dice::new(number(&call.identity));
        let (additional, resources) = (call.additional, call.resources);
        let endpoint = if call.data {
            format!(",\"vpcEndpointId\":\"vpce-0a1b2c3d4e5f60718\",\"vpcEndpointAccountId\":\"{ACCOUNT}\"")
        } else {
            String::new()
        };
        let error = call
            .error
            .map(|error| format!(",\"errorCode\":\"{error}\",\"errorMessage\":\"User: x is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::{ACCOUNT}:role/Admin\""))
            .unwrap_or_default();
        let mut text = String::with_capacity(2_000);
        let _ = write!(
            text,
            "{{\"eventVersion\":\"1.10\",\"userIdentity\":{},\"eventTime\":\"{}\",\"eventSource\":\"{host}\",\"eventName\":\"{}\",\"awsRegion\":\"{}\",\"sourceIPAddress\":\"10.{}.{}.{}\",\"userAgent\":\"[aws-sdk-java/2.{}.{} md/io#sync md/http#Apache ua/2.1 os/Linux#5.10 lang/java#17.0.9 md/OpenJDK_64-Bit_Server_VM md/vendor#Amazon.com_Inc. md/en_US exec-env/AWS_ECS_FARGATE cfg/retry-mode#standard cfg/auth-source#sso m/E,B app/loader]\"{error},\"requestParameters\":{},\"responseElements\":{}{additional},\"requestID\":\"{request_id}\",\"eventID\":\"{id}\",\"readOnly\":{}{resources},\"eventType\":\"AwsApiCall\",\"managementEvent\":{},\"recipientAccountId\":\"{ACCOUNT}\"{endpoint},\"eventCategory\":\"{}\",\"tlsDetails\":{{\"tlsVersion\":\"TLSv1.3\",\"cipherSuite\":\"TLS_AES_128_GCM_SHA256\",\"clientProvidedHostHeader\":\"{host}\"}}}}",
            call.identity,
            clock(at),
            call.name,
            REGIONS[region],
            client.below(9),
            client.below(40),
            client.below(250),
            client.below(30),
            client.below(9),
            call.request,
            call.response,
            call.read_only,
            !call.data,
            if call.data { "Data" } else { "Management" },
        );
        self.truth.events += 1;
        self.records.push(Record { at, region, text });
    }

    fn mint(&mut self, at: i64, by: &Held, role: Option<usize>) -> Held {
        let new = Held {
            key: self.dice.key("ASIA"),
            role,
            session: format!("s{}", self.dice.below(9_999)),
            issued: at,
        };
        let identity = by.identity(None);
        self.mint_as(at, identity, &new);
        new
    }

    fn mint_as(&mut self, at: i64, identity: String, new: &Held) {
        let token = self.dice.letters(LETTERS, 640);
        let credentials = format!(
            "\"credentials\":{{\"accessKeyId\":\"{}\",\"sessionToken\":\"{token}\",\"expiration\":\"{}\"}}",
            new.key,
            expiration(at + 3600)
        );
        let (name, request, response) = match new.role {
            Some(role) => (
                "AssumeRole",
                format!(
                    "{{\"roleArn\":\"arn:aws:iam::{ACCOUNT}:role/service-role/Role{role}\",\"roleSessionName\":\"{}\"}}",
                    new.session
                ),
                format!(
                    "{{{credentials},\"assumedRoleUser\":{{\"assumedRoleId\":\"AROA{role:016}A:{s}\",\"arn\":\"arn:aws:sts::{ACCOUNT}:assumed-role/Role{role}/{s}\"}}}}",
                    s = new.session
                ),
            ),
            None => ("GetSessionToken", "null".to_owned(), format!("{{{credentials}}}")),
        };
        let read_only = new.role.is_some();
        self.put(
            at,
            0,
            Call {
                source: "sts.amazonaws.com",
                name,
                identity,
                request,
                response,
                read_only,
                error: None,
                data: false,
                additional: String::new(),
                resources: String::new(),
            },
        );
    }

    /// A call of somebody, of the kinds that fill real trails.
    fn work(&mut self, at: i64, by: &Held, region: usize) {
        let dice = &mut self.dice;
        let n = dice.below(999_999);
        let plain = |source, name, request: String, read_only| Call {
            source,
            name,
            identity: String::new(),
            request,
            response: "null".to_owned(),
            read_only,
            error: None,
            data: false,
            additional: String::new(),
            resources: String::new(),
        };
        let kind = dice.below(20);
        // The extended request ID of S3, as good as random.
        let id = match kind {
            0..=3 => dice.letters(LETTERS, 75),
            _ => String::new(),
        };
        let mut service = None;
        let mut call = match kind {
            0..=3 => Call {
                data: true,
                additional: format!(
                    ",\"additionalEventData\":{{\"SignatureVersion\":\"SigV4\",\"CipherSuite\":\"TLS_AES_128_GCM_SHA256\",\"bytesTransferredIn\":0,\"SSEApplied\":\"SSE_KMS\",\"AuthenticationMethod\":\"AuthHeader\",\"x-amz-id-2\":\"{id}=\",\"bytesTransferredOut\":{}}}",
                    n * 7
                ),
                resources: format!(
                    ",\"resources\":[{{\"type\":\"AWS::S3::Object\",\"ARN\":\"arn:aws:s3:::data-lake/year=2026/month=11/day={}/part-{n:06}.parquet\"}},{{\"accountId\":\"{ACCOUNT}\",\"type\":\"AWS::S3::Bucket\",\"ARN\":\"arn:aws:s3:::data-lake\"}}]",
                    n % 30
                ),
                ..plain(
                    "s3.amazonaws.com",
                    "GetObject",
                    format!(
                        "{{\"bucketName\":\"data-lake\",\"Host\":\"data-lake.s3.amazonaws.com\",\"key\":\"year=2026/month=11/day={}/part-{n:06}.parquet\"}}",
                        n % 30
                    ),
                    true,
                )
            },
            4..=6 => {
                let groups: Vec<String> = (0..6)
                    .map(|more| {
                        format!(
                            "{{\"targetGroupArn\":\"arn:aws:elasticloadbalancing:{}:{ACCOUNT}:targetgroup/k8s-shop-web-{:010x}\"}}",
                            REGIONS[region],
                            ((n + more) % 40 + 1) as u64 * 0x6_1c88_6467
                        )
                    })
                    .collect();
                let request = format!(
                    "{{\"autoScalingGroupName\":\"eks-workers-{}\",\"targets\":[{}]}}",
                    n % 9,
                    groups.join(",")
                );
                plain("autoscaling.amazonaws.com", "DescribeTrafficSources", request, true)
            }
            7..=9 => {
                service = Some("s3.amazonaws.com");
                let resources = format!(
                    ",\"resources\":[{{\"accountId\":\"{ACCOUNT}\",\"type\":\"AWS::KMS::Key\",\"ARN\":\"arn:aws:kms:{}:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-{:012}\"}}]",
                    REGIONS[region],
                    n % 7
                );
                Call {
                    resources,
                    ..plain(
                        "kms.amazonaws.com",
                        "Decrypt",
                        format!(
                            "{{\"encryptionAlgorithm\":\"SYMMETRIC_DEFAULT\",\"encryptionContext\":{{\"aws:s3:arn\":\"arn:aws:s3:::data-lake/part-{n:06}\"}}}}"
                        ),
                        true,
                    )
                }
            }
            10..=12 => {
                let items: Vec<String> = (0..n % 30)
                    .map(|more| {
                        format!(
                            "{{\"instanceId\":\"i-{:017x}\"}}",
                            ((n + more) % 50 + 1) as u64 * 0x0003_39e5_cdd1_a2b7
                        )
                    })
                    .collect();
                let request = format!(
                    "{{\"maxResults\":1000,\"instancesSet\":{{\"items\":[{}]}},\"filterSet\":{{\"items\":[{{\"name\":\"tag:Name\",\"valueSet\":{{\"items\":[{{\"value\":\"web\"}}]}}}}]}}}}",
                    items.join(",")
                );
                plain("ec2.amazonaws.com", "DescribeInstances", request, true)
            }
            13 | 14 => Call {
                response: format!(
                    "{{\"logStreamArn\":\"stream-{n}\",\"note\":\"a \\\"quoted\\\" text with }} and ] and \\u003d\"}}"
                ),
                ..plain(
                    "logs.amazonaws.com",
                    "CreateLogStream",
                    format!("{{\"logGroupName\":\"/aws/lambda/job\",\"logStreamName\":\"2026/11/01/[$LATEST]{n:x}\"}}"),
                    false,
                )
            },
            15 => plain("iam.amazonaws.com", "ListRoles", "null".to_owned(), true),
            16 => plain("sts.amazonaws.com", "GetCallerIdentity", "null".to_owned(), true),
            17 => Call {
                error: Some("AccessDenied"),
                ..plain("sts.amazonaws.com", "AssumeRole", "null".to_owned(), true)
            },
            _ => plain(
                "dynamodb.amazonaws.com",
                "DescribeTable",
                format!("{{\"tableName\":\"orders-{}\"}}", n % 12),
                true,
            ),
        };
        call.identity = by.identity(service);
        let own = service.is_none();
        self.put(at, region, call);
        if own && let Some(calls) = self.truth.calls.get_mut(&by.key) {
            *calls += 1;
        }
    }
}

/// Makes the records.
pub fn records(recipe: &Recipe) -> (Vec<Record>, Truth) {
    let total = recipe.files * recipe.records;
    // What an intruder does in some hours stands in few files of a long trail.
    let span = (total as i64 * 8).clamp(7_200, 20 * 86_400);
    let mut make = Maker {
        dice: Dice::new(recipe.seed),
        span,
        truth: Truth::default(),
        records: Vec::with_capacity(total),
    };
    let origin = Held {
        key: make.dice.key("AKIA"),
        role: None,
        session: String::new(),
        issued: 0,
    };
    make.truth.origin.clone_from(&origin.key);
    let mut family = vec![origin];
    make.truth.calls.insert(family[0].key.clone(), 0);
    for n in 1..recipe.family {
        let by = family[make.dice.below(n.min(8))].clone();
        let by = if by.issued > BEGIN + make.span {
            family[0].clone()
        } else {
            by
        };
        let at = by.issued.max(BEGIN + 60) + 30 + make.dice.below(600) as i64;
        let role = (by.role.is_some() || n % 3 != 0).then(|| 900 + make.dice.below(3));
        let new = make.mint(at, &by, role);
        *make.truth.calls.get_mut(&by.key).unwrap() += 1;
        make.truth.parents.insert(new.key.clone(), by.key.clone());
        make.truth.calls.insert(new.key.clone(), 0);
        family.push(new);
    }
    for n in 0..(total / 200).max(recipe.family) {
        let by = family[n % family.len()].clone();
        let at = by.issued.max(BEGIN) + 1 + make.dice.below(3_000) as i64;
        let region = make.dice.below(4);
        make.work(at, &by, region);
    }
    // The ID of one of them once more, for somebody else, long before.
    if let Some(known) = family.last().filter(|held| held.role.is_some()).cloned() {
        let other = Held {
            session: "other".to_owned(),
            issued: BEGIN,
            role: Some(7),
            ..known
        };
        make.put(
            BEGIN + 5,
            1,
            Call {
                source: "s3.amazonaws.com",
                name: "ListBuckets",
                identity: other.identity(None),
                request: "null".to_owned(),
                response: "null".to_owned(),
                read_only: true,
                error: None,
                data: false,
                additional: String::new(),
                resources: String::new(),
            },
        );
    }
    let mut held: Vec<Held> = Vec::new();
    while make.records.len() < total {
        let at = BEGIN + (make.records.len() as i64 * make.span / total as i64);
        if held.is_empty() || make.dice.below(50) == 0 {
            let new = Held {
                key: make.dice.key("ASIA"),
                role: Some(make.dice.below(60)),
                session: format!("i-{:017x}", make.dice.roll() >> 8),
                issued: at,
            };
            let service = "{\"type\":\"AWSService\",\"invokedBy\":\"ec2.amazonaws.com\"}".to_owned();
            make.mint_as(at, service, &new);
            held.push(new);
        }
        let from = held.len().saturating_sub(60);
        let by = held[from + make.dice.below(held.len() - from)].clone();
        let region = make.dice.below(4);
        make.work(at, &by, region);
    }
    (make.records, make.truth)
}

/// Spreads the records over files in CloudTrail's layout, in no order within a file, and now and then into a file that comes later.
pub fn files(recipe: &Recipe) -> (Vec<(String, String)>, Truth) {
    let (mut records, mut truth) = records(recipe);
    let mut dice = Dice::new(recipe.seed ^ 0xfeed);
    let last = BEGIN + records.iter().map(|record| record.at - BEGIN).max().unwrap_or(0);
    for record in &mut records {
        if dice.below(20) == 0 {
            record.at = (record.at + 900).min(last);
        }
    }
    records.sort_by_key(|record| (record.region, record.at));
    let mut files = Vec::new();
    for (n, some) in records
        .chunk_by(|one, two| one.region == two.region)
        .flat_map(|region| region.chunks(recipe.records.max(1)))
        .enumerate()
    {
        let (at, region) = (some[0].at, REGIONS[some[0].region]);
        let day = clock(at);
        let name = format!(
            "AWSLogs/{ACCOUNT}/CloudTrail/{region}/2026/11/{}/{ACCOUNT}_CloudTrail_{region}_{}_{n:016}.json{}",
            &day[8..10],
            day[..16].replace(['-', ':'], "") + "Z",
            if recipe.level > 0 { ".gz" } else { "" }
        );
        let mut order: Vec<&Record> = some.iter().collect();
        for place in (1..order.len()).rev() {
            order.swap(place, dice.below(place + 1));
        }
        let texts: Vec<&str> = order.iter().map(|record| record.text.as_str()).collect();
        let text = format!("{{\"Records\":[{}]}}", texts.join(","));
        truth.bytes += text.len() as u64;
        files.push((name, text));
    }
    (files, truth)
}

/// Packs a text as one gzip member.
pub fn packed(text: &[u8], level: i32) -> Vec<u8> {
    let level = libdeflater::CompressionLvl::new(level).unwrap();
    let mut packer = libdeflater::Compressor::new(level);
    let mut out = vec![0; packer.gzip_compress_bound(text.len())];
    let size = packer.gzip_compress(text, &mut out).unwrap();
    out.truncate(size);
    out
}

/// Writes the archive below `folder`.
pub fn write(folder: &Path, recipe: &Recipe) -> Truth {
    let (files, truth) = files(recipe);
    for (name, text) in files {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let bytes = if recipe.level > 0 {
            packed(text.as_bytes(), recipe.level)
        } else {
            text.into_bytes()
        };
        std::fs::write(path, bytes).unwrap();
    }
    truth
}

/// Writes files of `sessions` sessions of roles: each is given by a user's key, by a machine's service or by another session, and calls once, so
/// that there are twice as many records. A third of them comes from the sessions of one role, which lead nowhere back.
pub fn many_sessions(folder: &Path, sessions: usize) {
    const IN_FILE: usize = 1_000;
    let mut make = Maker {
        dice: Dice::new(7),
        span: 20 * 86_400,
        truth: Truth::default(),
        records: Vec::new(),
    };
    let users: Vec<String> = (0..20).map(|_| make.dice.key("AKIA")).collect();
    let held = |key: &str, role: Option<usize>, issued: i64| Held {
        key: key.to_owned(),
        role,
        session: "job".to_owned(),
        issued,
    };
    let mut hub = held(&make.dice.key("ASIA"), Some(500), BEGIN);
    for n in 0..sessions {
        let at = BEGIN + (n as i64 * make.span / sessions as i64);
        if n % 500 == 0 {
            hub = held(&make.dice.key("ASIA"), Some(500), at);
        }
        let role = make.dice.below(300);
        let new = held(&make.dice.key("ASIA"), Some(role), at);
        let by = match n % 3 {
            0 => held(&users[make.dice.below(users.len())], None, 0).identity(None),
            1 => hub.identity(None),
            _ => "{\"type\":\"AWSService\",\"invokedBy\":\"ec2.amazonaws.com\"}".to_owned(),
        };
        make.mint_as(at, by, &new);
        make.work(at + 5, &new, 0);
        if make.records.len() >= 2 * IN_FILE || n + 1 == sessions {
            let texts: Vec<&str> = make.records.iter().map(|record| record.text.as_str()).collect();
            let text = format!("{{\"Records\":[{}]}}", texts.join(","));
            std::fs::write(folder.join(format!("{n:09}.json.gz")), packed(text.as_bytes(), 1)).unwrap();
            make.records.clear();
        }
    }
}
