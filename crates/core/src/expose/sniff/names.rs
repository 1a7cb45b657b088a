//! What the name of a column says, in the languages that leaks come in.

use crate::expose::matching::Field;
use unicode_normalization::UnicodeNormalization;

/// Words that name a field, in lower case, without signs and accents. The first field with a word that fits is taken.
const WORDS: &[(Field, &[&str])] = &[
    (
        Field::Password,
        &[
            "password",
            "passwd",
            "pass",
            "pwd",
            "passwordhash",
            "hash",
            "salt",
            "contrasena",
            "senha",
            "motdepasse",
            "passwort",
            "kennwort",
            "wachtwoord",
            "haslo",
            "sifre",
            "parola",
            "пароль",
            "密码",
            "パスワード",
        ],
    ),
    (
        Field::Email,
        &[
            "email",
            "emails",
            "mail",
            "emailaddress",
            "mailaddress",
            "emailaddr",
            "correo",
            "correoelectronico",
            "courriel",
            "adressemail",
            "mailadresse",
            "eposta",
            "epost",
            "почта",
            "электроннаяпочта",
            "емейл",
            "имейл",
            "邮箱",
            "电子邮件",
            "電子郵件",
            "メール",
            "メールアドレス",
            "이메일",
            "البريد",
            "البريدالالكتروني",
            "ईमेल",
        ],
    ),
    (
        Field::Phone,
        &[
            "phone",
            "phones",
            "phonenumber",
            "phoneno",
            "telephone",
            "tel",
            "telno",
            "telnumber",
            "mobile",
            "mobilephone",
            "mobileno",
            "mobilenumber",
            "cell",
            "cellphone",
            "cellular",
            "gsm",
            "msisdn",
            "whatsapp",
            "contactnumber",
            "contactno",
            "telefono",
            "movil",
            "celular",
            "telefone",
            "telemovel",
            "portable",
            "numerodetelephone",
            "telefon",
            "telefonnummer",
            "handy",
            "handynummer",
            "mobil",
            "mobilnummer",
            "rufnummer",
            "cellulare",
            "telefoon",
            "komorka",
            "ceptelefonu",
            "телефон",
            "номер",
            "номертелефона",
            "мобильный",
            "手机",
            "手机号",
            "电话",
            "電話",
            "電話番号",
            "携帯",
            "전화",
            "전화번호",
            "휴대폰",
            "هاتف",
            "الهاتف",
            "فोन",
            "फोन",
        ],
    ),
    (
        Field::UserName,
        &[
            "username",
            "user",
            "userlogin",
            "login",
            "loginname",
            "handle",
            "nick",
            "nickname",
            "screenname",
            "account",
            "accountname",
            "alias",
            "usuario",
            "nombredeusuario",
            "utilisateur",
            "identifiant",
            "pseudo",
            "benutzer",
            "benutzername",
            "nutzername",
            "nomeutente",
            "utente",
            "gebruikersnaam",
            "kullanici",
            "kullaniciadi",
            "uzytkownik",
            "логин",
            "ник",
            "имяпользователя",
            "用户名",
            "用户",
            "帳號",
            "账号",
            "ユーザー名",
            "사용자명",
            "아이디",
        ],
    ),
    (
        Field::PlatformId,
        &[
            "id",
            "userid",
            "uid",
            "accountid",
            "memberid",
            "profileid",
            "customerid",
            "pk",
            "fbid",
            "igid",
            "идентификатор",
        ],
    ),
    (
        Field::BirthDate,
        &[
            "birthdate",
            "dateofbirth",
            "dob",
            "birthday",
            "born",
            "bday",
            "fechadenacimiento",
            "nacimiento",
            "datadenascimento",
            "nascimento",
            "datedenaissance",
            "naissance",
            "geburtsdatum",
            "geburtstag",
            "datadinascita",
            "geboortedatum",
            "dogumtarihi",
            "датарождения",
            "生日",
            "出生日期",
            "生年月日",
            "생년월일",
        ],
    ),
    (
        Field::Country,
        &[
            "country",
            "countrycode",
            "countryname",
            "region",
            "nation",
            "nationality",
            "pais",
            "pays",
            "land",
            "paese",
            "nazione",
            "kraj",
            "ulke",
            "страна",
            "国家",
            "國家",
            "国",
            "국가",
            "بلد",
        ],
    ),
    (
        Field::Place,
        &[
            "city",
            "town",
            "location",
            "place",
            "address",
            "street",
            "state",
            "province",
            "zip",
            "zipcode",
            "postcode",
            "postalcode",
            "lat",
            "latitude",
            "lon",
            "lng",
            "longitude",
            "ciudad",
            "direccion",
            "cidade",
            "endereco",
            "ville",
            "adresse",
            "stadt",
            "ort",
            "plz",
            "strasse",
            "citta",
            "indirizzo",
            "plaats",
            "woonplaats",
            "miasto",
            "sehir",
            "adres",
            "город",
            "адрес",
            "城市",
            "地址",
            "住所",
            "市",
            "도시",
            "주소",
        ],
    ),
    (
        Field::FullName,
        &[
            "name",
            "fullname",
            "firstname",
            "lastname",
            "surname",
            "givenname",
            "familyname",
            "middlename",
            "displayname",
            "realname",
            "fname",
            "lname",
            "nombre",
            "apellido",
            "apellidos",
            "nome",
            "sobrenome",
            "nom",
            "prenom",
            "vorname",
            "nachname",
            "cognome",
            "naam",
            "voornaam",
            "achternaam",
            "imie",
            "nazwisko",
            "ad",
            "soyad",
            "имя",
            "фамилия",
            "фио",
            "姓名",
            "名字",
            "氏名",
            "이름",
        ],
    ),
];

/// Words that make a name speak of something else: when it was confirmed, whether, how often.
const NOT: [&str; 22] = [
    "verified",
    "confirmed",
    "validated",
    "count",
    "counts",
    "at",
    "on",
    "status",
    "optin",
    "optout",
    "is",
    "has",
    "type",
    "provider",
    "domain",
    "token",
    "created",
    "updated",
    "sent",
    "notifications",
    "code",
    "reset",
];

/// The field that a name says.
pub(super) fn field(name: &str) -> Option<Field> {
    let words = words(name);
    let whole: String = words.concat();
    if let Some(field) = exact(&whole) {
        return Some(field);
    }
    if words.iter().any(|word| NOT.contains(&word.as_str())) {
        return None;
    }
    // `user_email`, `contact.phone1`: its last words, the more the better.
    let bare = |text: String| text.trim_end_matches(|c: char| c.is_ascii_digit()).to_owned();
    (0..words.len()).find_map(|from| exact(&bare(words[from..].concat()))).or_else(|| {
        // `phone_home`: its first word, where that is one of a key.
        let field = exact(&bare(words.first()?.clone()))?;
        matches!(field, Field::Email | Field::Phone).then_some(field)
    })
}

/// Whether a cell is a word that names a field: what headers are known by.
pub(super) fn is_word(cell: &str) -> bool {
    field(cell).is_some()
}

fn exact(word: &str) -> Option<Field> {
    WORDS.iter().find(|(_, words)| words.contains(&word)).map(|(field, _)| *field)
}

/// In lower case and without accents: at signs, and where a capital follows a small letter.
fn words(name: &str) -> Vec<String> {
    let (mut words, mut word, mut small) = (vec![], String::new(), false);
    for c in
        name.chars().take(100).flat_map(|c| c.nfkd().filter(|c| !unicode_normalization::char::is_combining_mark(*c)))
    {
        if !c.is_alphanumeric() || c.is_uppercase() && small {
            words.extend((!word.is_empty()).then(|| std::mem::take(&mut word)));
        }
        if c.is_alphanumeric() {
            word.extend(c.to_lowercase());
        }
        small = c.is_lowercase();
    }
    words.extend((!word.is_empty()).then_some(word));
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_their_field() {
        let cases = [
            ("E-Mail", "email"),
            ("user_email", "email"),
            ("contact.email", "email"),
            ("emailAddress", "email"),
            ("email2", "email"),
            ("Correo electrónico", "email"),
            ("Электронная почта", "email"),
            ("Téléphone portable", "phone"),
            ("phone_home", "phone"),
            ("手机号", "phone"),
            ("userName", "user_name"),
            ("Benutzername", "user_name"),
            ("user_id", "platform_id"),
            ("ID", "platform_id"),
            ("first name", "full_name"),
            ("password_hash", "password"),
            ("date_of_birth", "birth_date"),
            ("country_code", "country"),
            ("zip", "place"),
            ("email_verified", "-"),
            ("phone_verified_at", "-"),
            ("created_at", "-"),
            ("is_user", "-"),
            ("bio", "-"),
            ("", "-"),
        ];
        for (name, expected) in cases {
            assert_eq!(field(name).map_or("-", Field::as_str), expected, "{name}");
        }
    }
}
