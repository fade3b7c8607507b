-- What the bordereaux sent to the public accountant say of themselves, and of those that did not come: a number that is
-- missing from a series, a running total that leaves one out, one of another year that counts in none. What they announce
-- is often wrong, and takes nothing away. Several series of numbers may run side by side: a jump of more than a thousand
-- begins another.
with bordereaux as (
    select
        *,
        case code_sens when 'D' then 'pes/mandats' else 'pes/titres' end as source,
        'bordereau ' || cast(numero_bordereau as string)
        || case code_type_bordereau when '02' then ' d’annulation' when '01' then '' else ' de type ' || code_type_bordereau end
        || case code_sens when 'D' then ' de mandats' else ' de titres' end
        || ', budget ' || code_budget as nom
    from {{ ref('int_finances__bordereaux') }}
),

-- those of the year's budget, each number once: a refused one that nobody sent again is no hole
numerotes as (
    select
        *,
        lag(numero_bordereau) over serie as numero_precedent,
        lag(cumul_annonce_eur) over serie as cumul_precedent_eur
    from bordereaux
    where exercice_bordereau = exercice and rang = 1 and code_type_bordereau in ('01', '02')
    window serie as (
        partition by exercice, siret_budget, code_budget, code_sens, code_type_bordereau
        order by numero_bordereau nulls last
    )
),

suivis as (
    select
        *,
        coalesce(numero_precedent, 0) + 1 as premier_attendu,
        case when numero_precedent is null then 0 else cumul_precedent_eur end as cumul_attendu_eur
    from numerotes
    where numero_bordereau - coalesce(numero_precedent, 0) <= 1000
),

annonces as (
    {% for quoi, annonce, constate in [
        ('pieces', 'nb_pieces_annoncees', 'nb_pieces'),
        ('montant', 'montant_annonce_eur', 'montant_lignes_eur'),
        ('tva', 'tva_annoncee_eur', 'tva_lignes_eur'),
    ] %}
        select
            *,
            '{{ quoi }}' as quoi,
            cast({{ annonce }} as decimal(18, 2)) as annonce,
            cast({{ constate }} as decimal(18, 2)) as constate
        from bordereaux
        where {{ annonce }} <> {{ constate }} and exercice_bordereau = exercice
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

-- one that lies under another year counts if it lies under its own as well
d_autres_annees as (
    select
        ailleurs.*,
        annees.exercice is not null as est_suivie,
        row_number() over (
            partition by ailleurs.exercice, ailleurs.exercice_bordereau, ailleurs.source
            order by ailleurs._fichier nulls last, ailleurs._ligne nulls last
        ) as rang_annee,
        count(*) over (partition by ailleurs.exercice, ailleurs.exercice_bordereau, ailleurs.source) as nb_bordereaux,
        sum(ailleurs.montant_lignes_eur) over (partition by ailleurs.exercice, ailleurs.exercice_bordereau, ailleurs.source) as montant_eur
    from bordereaux as ailleurs
    left join {{ ref('int_communs__exercices') }} as annees on ailleurs.exercice_bordereau = annees.exercice
    where
        ailleurs.exercice_bordereau <> ailleurs.exercice
        and not exists (
            select 1 from bordereaux as siens
            where
                siens.exercice = ailleurs.exercice_bordereau
                and siens.exercice_bordereau = ailleurs.exercice_bordereau
                and siens.siret_budget = ailleurs.siret_budget
                and siens.code_budget = ailleurs.code_budget
                and siens.code_sens = ailleurs.code_sens
                and siens.code_type_bordereau = ailleurs.code_type_bordereau
                and siens.numero_bordereau = ailleurs.numero_bordereau
        )
),

-- no body goes a year without paying, or without a receipt
cotes as (
    select annees.exercice, cotes.source
    from (
        select distinct exercice from bordereaux
        where exercice_bordereau = exercice
    ) as annees
    cross join (values ('pes/mandats'), ('pes/titres')) as cotes (source)
    where not exists (
        select 1 from bordereaux
        where bordereaux.exercice = annees.exercice and bordereaux.source = cotes.source and bordereaux.poids = 1
    )
),

-- account by account, where the accounts of the year and that side of the flows have come
montants as (
    select exercice, siret, sens_budgetaire, compte, realise_eur, cast(null as decimal(18, 2)) as emis_eur
    from {{ ref('fct_lignes_documents') }}
    where
        est_compte_administratif
        and section is not null
        and type_operation = 'réelle'
        and code_chapitre not in ('001', '002')
    union all
    select exercice, siret, sens as sens_budgetaire, compte, null as realise_eur, montant_eur as emis_eur
    from {{ ref('int_finances__ecritures') }}
    where poids = 1 and systeme = 'pes' and siret is not null
),

comptes as (
    select
        exercice,
        siret,
        sens_budgetaire,
        compte,
        coalesce(sum(emis_eur), 0) - coalesce(sum(realise_eur), 0) as ecart_eur,
        bool_or(count(emis_eur) > 0) over cote and bool_or(count(realise_eur) > 0) over cote as sont_venus
    from montants
    group by exercice, siret, sens_budgetaire, compte
    window cote as (partition by exercice, siret, sens_budgetaire)
),

ecarts as (
    select
        exercice,
        siret,
        sens_budgetaire,
        count(*) as nb_comptes,
        sum(abs(ecart_eur)) as ecart_eur,
        {{ texte_joint("compte || ' (' || cast(ecart_eur as string) || ')'", 'compte') }} as comptes
    from comptes
    where sont_venus and ecart_eur <> 0
    group by exercice, siret, sens_budgetaire
)

select {{ constat('PES-COTE', ou='source', sujet='source', effet='manque') }}
from cotes
union all
select
    {{ constat(
        'PES-TOTAL', ou='source', sujet='nom', attendu='annonce', recu='constate', ecart='constate - annonce', fichier='_fichier', ligne='_ligne',
        cle='quoi', valeurs={'quoi': 'quoi', 'unite': "case quoi when 'pieces' then 'pièces' else 'EUR' end"}
    ) }}
from annonces
union all
select
    {{ constat(
        'PES-TROU', ou='source', sujet='nom', recu='numero_bordereau', effet='réserve', fichier='_fichier', ligne='_ligne',
        montant_perdu='abs(cumul_annonce_eur - montant_lignes_eur - cumul_attendu_eur)', cle='nom',
        valeurs={'premier': 'premier_attendu', 'dernier': 'numero_bordereau - 1'}
    ) }}
from suivis
where numero_bordereau > premier_attendu
union all
select
    {{ constat(
        'PES-CUMUL', ou='source', sujet='nom', attendu='cumul_attendu_eur + montant_lignes_eur', recu='cumul_annonce_eur',
        ecart='cumul_annonce_eur - cumul_attendu_eur - montant_lignes_eur', effet='réserve',
        montant_perdu='abs(cumul_annonce_eur - cumul_attendu_eur - montant_lignes_eur)', fichier='_fichier', ligne='_ligne', cle='nom',
        valeurs={'unite': "'EUR'"}
    ) }}
from suivis
where
    numero_bordereau = premier_attendu
    and cumul_annonce_eur - cumul_attendu_eur not in (montant_lignes_eur, montant_lignes_eur + tva_lignes_eur)
union all
select
    {{ constat(
        'PES-REFUSE', ou='source', sujet='nom', recu='montant_lignes_eur', fichier='_fichier', ligne='_ligne', cle='nom',
        severite="case when rang = 1 then 'alerte' else 'information' end", valeurs={'est_seul': 'rang = 1'}
    ) }}
from bordereaux
where motif = 'bordereau refusé par le comptable'
union all
select
    {{ constat(
        'PES-DOUBLE', ou='source', sujet='nom', fichier='_fichier', ligne='_ligne', cle="nom || ' ' || cast(rang as string)",
        severite="case when motif = 'bordereau envoyé deux fois' then 'information' else 'alerte' end",
        effet="case when motif = 'bordereau envoyé deux fois' or est_retenu_accepte then 'rien' else 'réserve' end",
        valeurs={'est_identique': "motif = 'bordereau envoyé deux fois'", 'est_retenu_accepte': 'est_retenu_accepte'}
    ) }}
from bordereaux
where motif in ('bordereau envoyé deux fois', 'bordereau remplacé par un autre envoi')
union all
select
    {{ constat(
        'PES-EXERCICE', ou='source', exercice='case when est_suivie then exercice_bordereau else exercice end', sujet='nom',
        recu='nb_bordereaux', effet="case when est_suivie then 'réserve' else 'rien' end", montant_perdu='montant_eur', fichier='_fichier',
        ligne='_ligne', cle="cast(exercice as string) || '/' || cast(exercice_bordereau as string)",
        valeurs={'annee': 'exercice_bordereau', 'dossier': 'exercice'}
    ) }}
from d_autres_annees
where rang_annee = 1
union all
select
    {{ constat(
        'PES-COMPTE', ou="case sens_budgetaire when 'dépense' then 'pes/mandats' else 'pes/titres' end", sujet="'budget ' || siret",
        recu='nb_comptes', cle='siret', valeurs={'comptes': 'comptes'}
    ) }}
from ecarts
